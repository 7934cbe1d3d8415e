"""Trainings of a few seconds, with the Trainer: what a lecture says happens."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from functools import partial

from gradviz.checks.check import Check
from gradviz.checks.expectation import Between, Says
from gradviz.config import RunConfig
from gradviz.history import StepRecord
from gradviz.scenarios import SCENARIOS
from gradviz.training import Trainer

TEMPORAL_ORDER = SCENARIOS["clipping"].config
EXPLOSION = SCENARIOS["explosion"].config
RECALL = SCENARIOS["forget_bias_low"].config

LATEST = 20
"""Steps over which the accuracy is averaged before it is believed."""


def _records(config: RunConfig, steps: int) -> Iterator[StepRecord]:
    """Until so many steps, or a number that is not finite."""
    trainer = Trainer(config)
    for _ in range(steps):
        record = trainer.train_step("none")
        yield record
        if record.failure:
            return


def _steps_to_solve(config: RunConfig, steps: int) -> int:
    """Steps until 99 % of the answers are right; −1 where that is not reached."""
    latest: list[float] = []
    for record in _records(config, steps):
        latest = [*latest[1 - LATEST :], record.accuracy or 0.0]
        if len(latest) == LATEST and statistics.mean(latest) >= 0.99:
            return record.step
    return -1


def _steps_to_add() -> int:
    """Steps until a GRU's mean loss on sums is below 0.02; −1 where that is not reached."""
    latest: list[float] = []
    for record in _records(RunConfig(task="adding", cell="gru"), 1000):
        latest = [*latest[1 - LATEST :], record.loss]
        if len(latest) == LATEST and statistics.mean(latest) <= 0.02:
            return record.step
    return -1


def _solved(config: RunConfig, steps: int) -> str:
    return "solved" if _steps_to_solve(config, steps) >= 0 else "not solved"


def _last_step() -> int:
    """The step at which an explosion's numbers stop being finite."""
    return [record.step for record in _records(EXPLOSION, 200)][-1]


def _largest_norm() -> float:
    """The largest gradient norm before the clip, over 200 steps that all stay finite."""
    records = list(_records(EXPLOSION.replace(clip="norm"), 200))
    if records[-1].failure:
        raise ArithmeticError(f"a number was not finite at step {records[-1].step}")
    return max(record.grad_norm_pre for record in records)


CHECKS = (
    Check(
        name="clipping_works",
        title="Temporal order, T = 30, orthogonal tanh RNN, SGD 0.1, clipped at 1: steps to "
        "solve it.",
        source="measured: 209–480",
        expects=Between(100, 1000),
        measure=partial(_steps_to_solve, TEMPORAL_ORDER, 2000),
        slow=True,
    ),
    Check(
        name="no_clipping_fails",
        title="The same without a clip, in 1000 steps.",
        source="measured: 0 of 6 seeds",
        expects=Says("not solved"),
        measure=partial(_solved, TEMPORAL_ORDER.replace(clip="none"), 1000),
        slow=True,
    ),
    Check(
        name="explosion",
        title="Adding, T = 100, orthogonal gain 1.6, SGD 0.05, unclipped: the step at which a "
        "number is not finite.",
        source="measured: about 31",
        expects=Between(25, 40),
        measure=_last_step,
        slow=True,
    ),
    Check(
        name="explosion_survived",
        title="The same clipped at 1: the largest norm before the clip in 200 steps.",
        source="measured: up to 1e4",
        expects=Between(1e3, 1e5),
        measure=_largest_norm,
        slow=True,
    ),
    Check(
        name="gating_works",
        title="Adding, T = 60, GRU of 32 units, Adam 0.003, clipped at 1: steps to a loss of 0.02.",
        source="measured: 529–575",
        expects=Between(400, 800),
        measure=_steps_to_add,
        slow=True,
    ),
    Check(
        name="forget_bias_recalls",
        title="Recall the first of 50 tokens, LSTM with forget bias ln 49: steps to solve it.",
        source="measured: 192–420",
        expects=Between(20, 800),
        measure=partial(_steps_to_solve, RECALL.replace(forget_bias=3.8918), 1000),
        slow=True,
    ),
    Check(
        name="forget_bias_forgets",
        title="Recall the first of 50 tokens, LSTM with forget bias 0, in 300 steps.",
        source="measured: 0 of 3 seeds",
        expects=Says("not solved"),
        measure=partial(_solved, RECALL.replace(forget_bias=0.0), 300),
        slow=True,
    ),
)
