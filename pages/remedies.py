"""Remedies: a training that fails, remedies to tick, and a scoreboard of what each did."""

from functools import partial

from gradviz.ui import code, exports, layout, remedies, saving, scoreboard, show, training
from gradviz.ui.lessons import REMEDIES

stage = layout.lesson_page(REMEDIES)
remedies.sidebar(stage)
saving.sidebar(stage)
training.heading(stage)
remedies.choices(stage)
show.show(stage, above=partial(scoreboard.show, stage.key))
code.show_me_the_code(stage)
exports.export(stage)
layout.write_url(stage)
