"""What a measured value is held against: a number with a tolerance, a limit, or words."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Protocol

Value = float | int | str
"""What a check measures."""


class Expectation(Protocol):
    """Says what is expected and whether a value is that."""

    def __str__(self) -> str: ...

    def holds(self, value: Value) -> bool:
        """Whether the value is as expected; nan never is."""
        ...


@dataclass(frozen=True, slots=True)
class Near:
    """A number, give or take; with no tolerance exactly it."""

    value: float
    absolute: float = 0.0
    relative: float = 0.0

    def __str__(self) -> str:
        if self.absolute:
            return f"{in_words(self.value)} ± {in_words(self.absolute)}"
        if self.relative:
            return f"{in_words(self.value)} (1 ± {in_words(self.relative)})"
        return f"{in_words(self.value)} exactly"

    def holds(self, value: Value) -> bool:
        """Whether it lies within the tolerance."""
        allowed = self.absolute + self.relative * abs(self.value)
        return not isinstance(value, str) and (
            value == self.value or abs(value - self.value) <= allowed
        )


@dataclass(frozen=True, slots=True)
class AtMost:
    """A deviation, which is never negative, and its limit."""

    limit: float

    def __str__(self) -> str:
        return f"at most {in_words(self.limit)}"

    def holds(self, value: Value) -> bool:
        """Whether it is within the limit."""
        return not isinstance(value, str) and 0 <= value <= self.limit


@dataclass(frozen=True, slots=True)
class Between:
    """Both limits."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{in_words(self.low)} … {in_words(self.high)}"

    def holds(self, value: Value) -> bool:
        """Whether it lies between the limits."""
        return not isinstance(value, str) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Says:
    """Words."""

    text: str

    def __str__(self) -> str:
        return self.text

    def holds(self, value: Value) -> bool:
        """Whether it says the same."""
        return value == self.text


def in_words(value: Value) -> str:
    """Ten significant digits, so that a deviation of 1e-9 can be seen."""
    if isinstance(value, float) and math.isfinite(value):
        return re.sub(r"e\+?(-?)0*", r"e\1", f"{value:.10g}")
    return str(value)
