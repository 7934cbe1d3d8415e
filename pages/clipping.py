"""Clipping: the same seed without a clip, by norm, by value and adaptively, at once."""

from gradviz.ui import clipping, code, exports, layout, saving, show, training
from gradviz.ui.lessons import CLIPPING

stage = layout.lesson_page(CLIPPING)
clipping.sidebar(stage)
saving.sidebar(stage)
training.heading(stage)
show.show(stage)
code.show_me_the_code(stage)
exports.export(stage)
layout.write_url(stage)
