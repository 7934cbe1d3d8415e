"""Times as ratios, taken in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

ROUNDS = 15
"""Of the interleaved times."""

SHORTEST_S = 0.02
"""A turn repeats its step up to this long: a single one of 1 ms is mostly noise."""

Name = TypeVar("Name", bound=Hashable)


def ratios_of(
    steps: Mapping[Name, Callable[[], object]],
    reference: Name,
    rounds: int,
    advance: Callable[[str], object],
) -> dict[Name, float]:
    """Median over the rounds of a time over the reference's of the same round.

    In turns, so that a busy machine slows all of them alike.

    Args:
        steps: what is timed.
        reference: to whose time all others are a ratio.
        rounds: how often each has its turn.
        advance: told of each round.
    """
    times = {}
    for name, step in steps.items():
        _seconds(step, 1)
        times[name] = max(1, int(SHORTEST_S / max(_seconds(step, 1), 1e-6)))
    taken = []
    for number in range(1, rounds + 1):
        advance(f"times, round {number}")
        taken.append({each: _seconds(step, times[each]) for each, step in steps.items()})
    return {
        each: statistics.median(turn[each] / turn[reference] for turn in taken) for each in steps
    }


def _seconds(step: Callable[[], object], times: int) -> float:
    """Of one, the mean of so many."""
    began = time.perf_counter()
    for _ in range(times):
        step()
    return (time.perf_counter() - began) / times
