"""What a remedy came to, beside the same set-up without it, on the same seeds.

A run is *lost* where a number was not finite, or its loss ends above LOST times the floor. The
loss meant is that on unseen data: a training set can be learned by heart, but what is fresh at
every step is unseen. The first of these decides:

1. the seeds that are lost. With fewer it *helps*, if those that are left end below their floor, and
   *cures* if all solve the task; if they have learned nothing, it *survives* and no more;
2. the seeds that solve the task: more of them helps, all of them cures;
3. where all do in both, the steps that it takes them;
4. the losses: the worst must be lower than the best without it, by MARGIN. Where each seed has a
   training set of its own, the losses are compared seed by seed, and all must agree.

Between lies what seeds do by themselves: no difference. The other way round it *harms*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from gradviz.history import SOLVED, Outcome

Verdict = Literal[
    "untreated", "cures", "helps", "survives", "no difference", "harms", "refused", "waiting"
]

MARGIN = 0.05
"""Share by which losses must differ."""

LOST = 10.0
"""A loss of so many times the floor is no better than none."""


def verdict(mine: Sequence[Outcome], theirs: Sequence[Outcome]) -> Verdict:
    """Of a remedy.

    Args:
        mine: with it, a run a seed.
        theirs: without it, on the same seeds in the same order.
    """
    kept, kept_before = _kept(mine), _kept(theirs)
    if len(kept) < len(kept_before):
        return "harms"
    solved, solved_before = _solved(mine), _solved(theirs)
    if len(kept) > len(kept_before):
        if solved == len(mine):
            return "cures"
        return "helps" if _has_learned(kept) else "survives"
    if solved != solved_before:
        if solved < solved_before:
            return "harms"
        return "cures" if solved == len(mine) else "helps"
    if solved == len(mine):
        return _of_ranges(_steps(mine), _steps(theirs))
    ratios = _ratios(mine, theirs)
    if ratios:
        return _of_ranges(ratios, [1.0])
    return _of_ranges([unseen(each) for each in kept], [unseen(each) for each in kept_before])


def unseen(outcome: Outcome) -> float:
    """Its loss on data that it has not trained on; inf where there is none."""
    loss = outcome.loss if outcome.held_out is None else outcome.held_out
    return float("inf") if loss is None else loss


def is_solved(outcome: Outcome) -> bool:
    """Whether it solved the task, also on data that it has not trained on."""
    by_heart = outcome.held_out is not None and not unseen(outcome) < SOLVED * _floor(outcome)
    return outcome.solved_at is not None and not by_heart


def _kept(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those that are not lost."""
    return [
        each for each in outcomes if each.failed_at is None and unseen(each) <= LOST * _floor(each)
    ]


def _floor(outcome: Outcome) -> float:
    return outcome.floor if outcome.floor is not None else float("inf")


def _solved(outcomes: Sequence[Outcome]) -> int:
    return sum(map(is_solved, outcomes))


def _has_learned(outcomes: Sequence[Outcome]) -> bool:
    shares = [unseen(each) / _floor(each) for each in outcomes]
    return float(np.median(shares)) < 1 - MARGIN


def _steps(outcomes: Sequence[Outcome]) -> list[float]:
    return [float(each.solved_at) for each in outcomes if each.solved_at is not None]


def _ratios(mine: Sequence[Outcome], theirs: Sequence[Outcome]) -> list[float]:
    """Of losses on unseen data, where each seed has a training set in both."""
    pairs = list(zip(mine, theirs, strict=True))
    if any(with_it.held_out is None or not without.held_out for with_it, without in pairs):
        return []
    return [unseen(with_it) / unseen(without) for with_it, without in pairs]


def _of_ranges(mine: Sequence[float], theirs: Sequence[float]) -> Verdict:
    """Of numbers that are better when small."""
    if not mine or not theirs:
        return "no difference"
    if max(mine) < min(theirs) * (1 - MARGIN):
        return "helps"
    return "harms" if min(mine) > max(theirs) * (1 + MARGIN) else "no difference"
