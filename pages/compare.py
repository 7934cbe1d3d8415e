"""Compare: two to four set-ups side by side, the same data, as many seeds as it takes."""

from gradviz.ui import code, compare, exports, layout, saving, show, training
from gradviz.ui.lessons import COMPARE

stage = layout.lesson_page(COMPARE)
compare.sidebar(stage)
saving.sidebar(stage)
training.heading(stage)
show.show(stage)
code.show_me_the_code(stage)
exports.export(stage)
layout.write_url(stage)
