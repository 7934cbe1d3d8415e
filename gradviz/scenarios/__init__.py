"""Named, narrated RunConfigs: the lessons and the lecture.

Each scenario shows one thing within seconds. Its text says what to look at; what
was seen is said on the page by `reading`, from the measurements. One file a page, and for Live
training one a shelf of the gallery.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gradviz.scenarios.cells import CELLS
from gradviz.scenarios.clipping import CLIPPING
from gradviz.scenarios.compare import COMPARE
from gradviz.scenarios.cures import CURES, CURES_COMPARED
from gradviz.scenarios.diagonal import DIAGONAL
from gradviz.scenarios.gates import GATES
from gradviz.scenarios.live import LIVE
from gradviz.scenarios.remedies import REMEDIES
from gradviz.scenarios.scenario import SHELVES, Page, Scenario, Shelf
from gradviz.scenarios.shapes import SHAPES
from gradviz.scenarios.state import STATE, STATE_COMPARED
from gradviz.scenarios.text import TEXT
from gradviz.scenarios.vanishing import VANISHING

__all__ = ["SCENARIOS", "SHELVES", "Page", "Scenario", "Shelf", "on_page"]

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        each.name: each
        for shelf in (
            LIVE,
            CELLS,
            DIAGONAL,
            SHAPES,
            STATE,
            TEXT,
            CURES,
            VANISHING,
            GATES,
            CLIPPING,
            COMPARE,
            STATE_COMPARED,
            CURES_COMPARED,
            REMEDIES,
        )
        for each in shelf
    }
)


def on_page(page: str) -> Mapping[str, Scenario]:
    """The scenarios that one page shows, by name, in its order."""
    return MappingProxyType({name: each for name, each in SCENARIOS.items() if each.page == page})
