"""A cell → a number, a missing value, or neither. float() alone would take 1_000, inf and ١٢."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "?", "."})
"""Words for "no value", in small letters."""

_POINT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?")
_COMMA = re.compile(r"[-+]?(?:[0-9]+,?[0-9]*|,[0-9]+)(?:[eE][-+]?[0-9]{1,4})?")
_INFINITE = re.compile(r"[-+]?inf(?:inity)?", re.IGNORECASE)
_DATE = re.compile(
    r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}(?:[T ].{0,30})?|"
    r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?.{0,10}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbers:
    """How a file writes its numbers."""

    decimal: Literal[".", ","]

    @classmethod
    def of(cls, text: str, separator: str) -> Self:
        """With a decimal comma where some cell has one, none a decimal point, and it may be."""
        edge = rf"[\n{re.escape(separator)}\"]"

        def written_with(mark: str) -> bool:
            number = rf"(?:^|{edge}) *[-+]?[0-9]*{re.escape(mark)}[0-9]+ *(?:$|{edge})"
            return re.search(number, text) is not None

        comma = separator != "," and written_with(",") and not written_with(".")
        return cls(decimal="," if comma else ".")

    def read(self, cell: str) -> float | None:
        """The number in a trimmed cell, ±inf where it is infinite; None for all else."""
        if self.decimal == ",":
            if _COMMA.fullmatch(cell):
                return float(cell.replace(",", "."))
        elif _POINT.fullmatch(cell):
            return float(cell)
        return float(cell) if _INFINITE.fullmatch(cell) else None

    def is_value(self, cell: str) -> bool:
        """Whether a cell is a number or a missing value."""
        cell = cell.strip()
        return is_missing(cell) or self.read(cell) is not None


def is_missing(cell: str) -> bool:
    """Whether a trimmed cell says that there is no value."""
    return cell.lower() in MISSING


def is_date(cell: str) -> bool:
    """Whether a cell looks like a date or a time of day."""
    return _DATE.fullmatch(cell.strip()) is not None
