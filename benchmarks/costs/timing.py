"""Times side by side: alternating turns, so that a busy machine slows all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

Work = Callable[[], object]
Rounds = list[dict[str, float]]
"""Milliseconds by name, one dict a round."""

SHORTEST_MS = 20.0
"""A turn repeats its work up to this long: a single step of 1 ms is mostly noise."""


def milliseconds(work: Work, times: int = 1) -> float:
    """Of one call, the mean of so many."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times * 1e3


def in_turns(works: Mapping[str, Work], budget_s: float, least: int = 3) -> Rounds:
    """Rounds of one turn each, after one of warming up, until the budget is spent.

    Args:
        works: by name.
        budget_s: seconds for all rounds together.
        least: rounds there are in any case.
    """
    times = {
        name: max(1, int(SHORTEST_MS / max(min(milliseconds(work), milliseconds(work)), 1e-3)))
        for name, work in works.items()
    }
    rounds: Rounds = []
    began = time.perf_counter()
    while len(rounds) < least or time.perf_counter() - began < budget_s:
        rounds.append({name: milliseconds(work, times[name]) for name, work in works.items()})
    return rounds


def median(rounds: Rounds, name: str) -> float:
    """Milliseconds."""
    return statistics.median(each[name] for each in rounds)


def ratio(rounds: Rounds, name: str, over: str) -> float:
    """Median over the rounds of one time over another of the same round."""
    return statistics.median(each[name] / each[over] for each in rounds)
