"""History → plain words: what the pictures show, made only from what was measured."""

from __future__ import annotations

from gradviz.reading.cliff import read_cliff
from gradviz.reading.clipping import read_clipping
from gradviz.reading.compare import read_compare
from gradviz.reading.differences import SetupRow, Spread, difference_table
from gradviz.reading.gates import read_gates
from gradviz.reading.phrases import Level, Reading
from gradviz.reading.run import read
from gradviz.reading.scoreboard import Score, best_first, scoreboard
from gradviz.reading.traps import TrapRow, trap_rows
from gradviz.reading.vanishing import read_vanishing

__all__ = [
    "Level",
    "Reading",
    "Score",
    "SetupRow",
    "Spread",
    "TrapRow",
    "best_first",
    "difference_table",
    "read",
    "read_cliff",
    "read_clipping",
    "read_compare",
    "read_gates",
    "read_vanishing",
    "scoreboard",
    "trap_rows",
]
