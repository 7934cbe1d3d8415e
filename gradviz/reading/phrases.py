"""What all readings share: their form, and how they say a number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Level = Literal["info", "ok", "warning", "error"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """At most three sentences and how serious they are."""

    sentences: list[str]
    level: Level


def timesteps_of(count: int) -> str:
    """The count and its noun: 1 timestep, 8 timesteps."""
    return f"{count} timestep{'' if count == 1 else 's'}"


def number(value: float) -> str:
    """Three digits, or a power of ten where a number would be long: 0.167, 4e14."""
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{float(f'{value:.3g}'):g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def ten_to(exponent: float) -> str:
    """10 to the exponent, which may be beyond what a float can be."""
    return f"1e{exponent:.0f}" if 4 <= abs(exponent) < math.inf else number(10**exponent)
