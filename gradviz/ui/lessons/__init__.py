"""The lessons: one file each, and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gradviz.ui.lesson import Lesson
from gradviz.ui.lessons.cliff import CLIFF
from gradviz.ui.lessons.clipping import CLIPPING
from gradviz.ui.lessons.compare import COMPARE
from gradviz.ui.lessons.gates import GATES
from gradviz.ui.lessons.live_training import LIVE_TRAINING
from gradviz.ui.lessons.remedies import REMEDIES
from gradviz.ui.lessons.vanishing import VANISHING

__all__ = [
    "CLIFF",
    "CLIPPING",
    "COMPARE",
    "GATES",
    "LESSONS",
    "LIVE_TRAINING",
    "REMEDIES",
    "VANISHING",
]

LESSONS: Mapping[str, Lesson] = MappingProxyType(
    {
        each.name: each
        for each in (LIVE_TRAINING, VANISHING, GATES, CLIPPING, CLIFF, COMPARE, REMEDIES)
    }
)
"""By name, in the order of the links between pages."""
