"""What a clip makes of one bad number, in words: a row a measured trap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradviz.config import word_of

_STOPS = {
    "norm overflow": "says that the norm is too large to square",
    "inf": "says that a gradient is infinite",
    "nan": "says that a gradient is NaN",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TrapRow:
    """One bad gradient and one clip, as a page shows them."""

    before: str
    """The entries."""
    clip: str
    after: str
    """The entries that the clip leaves."""
    sentence: str


def trap_rows(traps: Sequence[Mapping[str, Any]]) -> list[TrapRow]:
    """The measured traps in words.

    Args:
        traps: by the fields of a ClipTrap, as a worker answers “clip_traps”.
    """
    return [
        TrapRow(
            before=_entries(trap["before"]),
            clip=word_of(trap["kind"]),
            after=_entries(trap["after"]),
            sentence=f"{_why(trap)}{_became(trap)}; {_said(trap)}.",
        )
        for trap in traps
    ]


def _why(trap: Mapping[str, Any]) -> str:
    """What became of the norm, of a clip that divides by it."""
    if trap["kind"] != "norm":
        return ""
    reported, norm = trap["reported"], trap["norm"]
    if math.isinf(reported) and math.isfinite(norm):
        return f"In float32 the norm overflows to ∞, though it is {_number(norm)}, so "
    return f"The norm is {_number(reported)}, so "


def _became(trap: Mapping[str, Any]) -> str:
    before, after = trap["before"], trap["after"]
    spoilt = sum(map(math.isnan, after))
    if spoilt:
        return _capital(trap, f"{_count(spoilt, len(after))} NaN")
    if not any(after):
        return _capital(trap, "all entries become 0 and the step does nothing")
    changed = sum(old != new for old, new in zip(before, after, strict=True))
    largest = max(map(abs, after))
    if not changed:
        return _capital(trap, "nothing is clipped")
    entries = "1 entry changes" if changed == 1 else f"{changed} entries change"
    return _capital(trap, f"{entries}, and the largest is then {_number(largest)}")


def _capital(trap: Mapping[str, Any], clause: str) -> str:
    """Where no norm is spoken of, the sentence begins here."""
    return clause if trap["kind"] == "norm" else clause[0].upper() + clause[1:]


def _count(some: int, of: int) -> str:
    if some == of:
        return f"all {of} entries are"
    return f"{some} of {of} entries {'is' if some == 1 else 'are'}"


def _said(trap: Mapping[str, Any]) -> str:
    says = trap["says"]
    return f"gradviz {_STOPS[says]}, and stops" if says else "gradviz goes on"


def _entries(values: Sequence[float]) -> str:
    return ", ".join(map(_number, values))


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    # Without the sign of a zero.
    return f"{value + 0.0:.3g}".replace("-", "−").replace("e+", "e")
