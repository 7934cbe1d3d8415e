"""The cliff: one unit's error surface, and what a step there does with a clip and without."""

from gradviz.ui import cliff, exports, layout, show
from gradviz.ui.lessons import CLIFF

stage = layout.lesson_page(CLIFF)
cliff.sidebar(stage)
cliff.heading(stage)
cliff.controls_on_top(stage)
show.show(stage)
exports.export(stage)
layout.write_url(stage)
