"""The tables of all cells and of what may be around them, made by measuring.

Parameters, time of a step, horizon at the start; of layers, directions and readouts also how much
of the gradient comes to the bottom layer. `python -m gradviz cells` prints them and writes
docs/cells.md.
"""

from __future__ import annotations

from gradviz.cell_table.in_words import HEADINGS, WRAPPER_HEADINGS, cells_of, cells_of_wrapper
from gradviz.cell_table.markdown import written
from gradviz.cell_table.measure import SEEDS, SIZES, Row, Variant, measured, variants, work
from gradviz.cell_table.timing import ROUNDS
from gradviz.cell_table.wrappers import WRAPPERS, Wrapper, WrapperRow, wrappers_measured

__all__ = [
    "HEADINGS",
    "ROUNDS",
    "SEEDS",
    "SIZES",
    "WRAPPERS",
    "WRAPPER_HEADINGS",
    "Row",
    "Variant",
    "Wrapper",
    "WrapperRow",
    "cells_of",
    "cells_of_wrapper",
    "measured",
    "variants",
    "work",
    "wrappers_measured",
    "written",
]
