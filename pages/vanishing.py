"""Vanishing & exploding: one knob, and what the weights do to a gradient by lag."""

from gradviz.ui import code, exports, layout, saving, show, vanishing
from gradviz.ui.lessons import VANISHING

stage = layout.lesson_page(VANISHING)
vanishing.sidebar(stage)
saving.sidebar(stage)
vanishing.heading(stage)
vanishing.controls_on_top(stage)
show.show(stage)
vanishing.example(stage)
code.show_me_the_code(stage)
exports.export(stage)
layout.write_url(stage)
