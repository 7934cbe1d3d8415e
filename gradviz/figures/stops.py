"""Marks where truncated backpropagation stops a gradient."""

from __future__ import annotations

from gradviz.config import RunConfig, Window
from gradviz.figures.marks import Mark
from gradviz.figures.palette import ORANGE
from gradviz.history import History

MOST = 12
"""Backward passes whose stops are marked; more would hide the picture."""


def stops_of(history: History) -> list[Mark]:
    """A line between the timesteps that each backward pass reaches and those before."""
    stopped = [window for window in _windows(history) if window.first]
    if not 0 < len(stopped) <= MOST:
        return []
    *others, last = stopped
    words = "gradient stopped" if not others else "a backward pass stops at each line"
    return [
        *(Mark(x=window.first + 0.5, colour=ORANGE) for window in others),
        Mark(x=last.first + 0.5, colour=ORANGE, text=words, at_bottom=True),
    ]


def first_reached(history: History) -> int:
    """Row of the first timestep that a gradient reaches: those before are zero by truncation."""
    return next((window.first for window in _windows(history)), 0)


def _windows(history: History) -> tuple[Window, ...]:
    config = history.config
    return config.windows if isinstance(config, RunConfig) else ()
