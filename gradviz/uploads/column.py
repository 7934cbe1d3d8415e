"""One column of a table: what it holds, and its numbers."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gradviz.config.shown import shown
from gradviz.uploads.numbers import Numbers, is_date, is_missing

MOST_VALUE = 1e30
"""Largest magnitude: its square is still far from the end of float64, and it is no measurement."""

Kind = Literal["number", "text", "date", "empty"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Column:
    """What a page says of a column."""

    name: str
    kind: Kind
    """What most of its cells are."""
    missing: int
    """Cells without a value."""
    trouble: str | None
    """One sentence where a column of numbers cannot be used, naming the first cell and its line."""
    values: NDArray[np.float64]
    """(R,) a number a row, nan where missing; (0,) for other kinds."""


@dataclass(slots=True)
class Cells:
    """A column while it is read."""

    name: str
    file: str
    numbers: Numbers
    values: array[float] = field(default_factory=lambda: array("d"))
    missing: int = 0
    unusable: int = 0
    """Neither numbers nor missing."""
    dates: int = 0
    first: tuple[int, str] | None = None
    """Line and text of the first cell that is not missing and no number within MOST_VALUE."""

    def add(self, cell: str, line: int) -> None:
        """The next row's cell."""
        cell = cell.strip()
        value = self.numbers.read(cell) if cell else None
        if value is not None and abs(value) <= MOST_VALUE:
            self.values.append(value)
            return
        self.values.append(np.nan)
        if value is None and is_missing(cell):
            self.missing += 1
            return
        self.first = self.first or (line, cell)
        if value is None:
            self.unusable += 1
            self.dates += is_date(cell)

    def column(self) -> Column:
        """All rows read."""
        kind = self._kind()
        values = np.array(self.values if kind == "number" else [], dtype=np.float64)
        trouble = self._trouble() if kind == "number" else None
        return Column(
            name=self.name, kind=kind, missing=self.missing, trouble=trouble, values=values
        )

    def _kind(self) -> Kind:
        present = len(self.values) - self.missing
        if not present:
            return "empty"
        if 2 * self.unusable < present:
            return "number"
        return "date" if 2 * self.dates >= self.unusable else "text"

    def _trouble(self) -> str | None:
        if self.first is None:
            return None
        line, cell = self.first
        return (
            f"Column “{self.name}” must hold numbers within ±{MOST_VALUE:g}, got "
            f"{shown(cell)} on line {line:,} of {self.file}; correct it or choose other columns."
        )
