"""The table of all cells, made by measuring: parameters, time of a step, horizon at the start.

`python -m gradviz cells` prints it and writes docs/cells.md.
"""

from __future__ import annotations

from gradviz.cell_table.markdown import HEADINGS, MarkerError, cells_of, written
from gradviz.cell_table.measure import (
    ROUNDS,
    SEEDS,
    SIZES,
    Row,
    Variant,
    measured,
    variants,
    work,
)

__all__ = [
    "HEADINGS",
    "ROUNDS",
    "SEEDS",
    "SIZES",
    "MarkerError",
    "Row",
    "Variant",
    "cells_of",
    "measured",
    "variants",
    "work",
    "written",
]
