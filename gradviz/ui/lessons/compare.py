"""Compare: two to four set-ups side by side, on the same data and seeds."""

from __future__ import annotations

from collections.abc import Mapping

from gradviz import figures
from gradviz.history import FRAME_BYTES
from gradviz.reading import read_compare
from gradviz.scenarios import SCENARIOS
from gradviz.ui import comparison
from gradviz.ui.compare import table
from gradviz.ui.lesson import Lesson, Picture
from gradviz.ui.stage import Stage

_FIRST, *_OTHERS = SCENARIOS["cells"].variants.values()


def _pictures(stage: Stage) -> Mapping[str, Picture]:
    return {name: each for name, each in figures.COMPARE.items() if name != "compare_accuracy"}


COMPARE = Lesson(
    name="compare",
    title="Compare",
    text="Two to four set-ups on the same data and seeds, side by side, with a band over seeds.",
    icon=":material/compare_arrows:",
    default=_FIRST,
    extra=comparison.Comparison(others=tuple(_OTHERS)),
    pictures=_pictures,
    read=read_compare,
    setups=comparison.setups,
    # A label says what its runs were trained with, from the first step to the last.
    follows=False,
    frame_bytes=FRAME_BYTES // 2,
    below=table,
    take_scenario=comparison.take_scenario,
    take_query=comparison.take_url,
    to_query=comparison.url_of,
)
