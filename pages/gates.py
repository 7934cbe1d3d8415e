"""Gates: every gate of one sequence, unit by unit, and how long the memory lasts."""

from gradviz.ui import code, exports, gates, layout, saving, show, training
from gradviz.ui.lessons import GATES

stage = layout.lesson_page(GATES)
gates.sidebar(stage)
saving.sidebar(stage)
training.heading(stage)
gates.controls_on_top(stage)
show.show(stage)
code.show_me_the_code(stage)
exports.export(stage)
layout.write_url(stage)
