"""Live training: pick a network and a task, train, and watch the gradients flow."""

from gradviz.ui import code, exports, layout, remedies, saving, show, training
from gradviz.ui.lessons import LIVE_TRAINING

stage = layout.lesson_page(LIVE_TRAINING)
training.sidebar(stage)
saving.sidebar(stage)
remedies.treat_link(stage)
training.heading(stage)
show.show(stage)
code.show_me_the_code(stage)
exports.export(stage)
layout.write_url(stage)
