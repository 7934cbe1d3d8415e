"""The demonstrations of a lecture, trained for real: each must show what its words say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradviz.config import RunConfig
from gradviz.history import StepRecord
from gradviz.scenarios import SCENARIOS
from gradviz.training import Trainer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("training_thread")]

TEMPORAL_ORDER = SCENARIOS["clipping"].config
EXPLOSION = SCENARIOS["explosion"].config
RECALL = SCENARIOS["forget_bias_low"].config
LATEST = 20
"""Steps over which a loss or an accuracy is averaged before it is believed."""


def train(config: RunConfig, steps: int, **goal: float) -> tuple[bool, StepRecord, float]:
    """Train until the goal (accuracy at least, or loss at most) or `steps`.

    Returns:
        Whether the goal was reached, the last record, and the mean loss of the latest steps.
    """
    trainer = Trainer(config)
    latest: list[StepRecord] = []
    for _ in range(steps):
        latest = [*latest[-LATEST + 1 :], trainer.train_step("none")]
        loss = float(np.mean([record.loss for record in latest]))
        accuracy = np.mean([record.accuracy or 0.0 for record in latest])
        done = loss <= goal.get("loss", -1.0) or accuracy >= goal.get("accuracy", 2.0)
        if len(latest) == LATEST and done:
            return True, latest[-1], loss
        if latest[-1].failure:
            break
    return False, latest[-1], loss


def solved_steps(config: RunConfig, seeds: int, steps: int, **goal: float) -> list[int]:
    """The steps that each seed needed; seeds that did not get there are left out."""
    runs = [train(config.replace(seed=seed), steps, **goal) for seed in range(seeds)]
    return [record.step for solved, record, _ in runs if solved]


def test_clipping_works() -> None:
    unclipped = TEMPORAL_ORDER.replace(clip="none")
    clipped = TEMPORAL_ORDER.replace(clip="norm", clip_threshold=1.0)
    assert solved_steps(unclipped, 6, 2000, accuracy=0.99) == []
    steps = solved_steps(clipped, 6, 2000, accuracy=0.99)
    assert len(steps) == 6  # measured: 209…480
    assert max(steps) < 1000


def test_clipping_too_hard_slows() -> None:
    steps = solved_steps(TEMPORAL_ORDER.replace(clip_threshold=0.1), 6, 2000, accuracy=0.99)
    assert 3 <= len(steps) <= 5  # measured: 4, in 407…722 steps


@pytest.mark.parametrize("seed", range(3))
def test_explosion_to_nan_and_its_survival(seed: int) -> None:
    _, record, _ = train(EXPLOSION.replace(clip="none", seed=seed), 60)
    assert record.failure is not None
    assert 25 <= record.step <= 40  # measured: 29…32
    trainer = Trainer(EXPLOSION.replace(clip="norm", seed=seed))
    records = [trainer.train_step("none") for _ in range(300)]
    assert not any(each.failure for each in records)
    assert 1e3 < max(each.grad_norm_pre for each in records) < 1e5  # measured: 5e3…1.3e4
    assert max(each.grad_norm_post for each in records) <= 1.0 + 1e-6


def test_every_clip_learns_and_only_no_clip_does_not() -> None:
    variants = SCENARIOS["clipping_kinds"].variants
    assert {config.clip for config in variants.values()} == {"none", "norm", "value", "agc"}
    for config in variants.values():
        steps = solved_steps(config, 3, 700, accuracy=0.99)
        assert len(steps) == (0 if config.clip == "none" else 3)  # measured: 158…575


def test_from_one_seed_nan_without_and_learning_with_a_clip() -> None:
    scenario = SCENARIOS["nan_or_learning"]
    for config in scenario.variants.values():
        _, record, loss = train(config, scenario.steps)
        if config.clip == "none":
            assert record.failure
            assert record.failure.kind == "nan"
            assert record.step <= 20  # measured: 5
        else:
            assert record.failure is None
            assert loss < 0.85 / 6  # measured: 0.05 by norm, 0.13 by value; the floor is 1/6


@pytest.mark.parametrize("seed", range(3))
def test_every_clip_survives_the_explosion(seed: int) -> None:
    scenario = SCENARIOS["explosion_kinds"]
    for config in scenario.variants.values():
        _, record, loss = train(config.replace(seed=seed), scenario.steps)
        assert (record.failure is not None) == (config.clip == "none")
        if config.clip != "none":
            assert loss < 10 * 1 / 6  # measured: 0.17…0.83


def test_gating_works() -> None:
    gru = solved_steps(RunConfig(task="adding", cell="gru"), 3, 1000, loss=0.02)
    assert len(gru) == 3  # measured: 529…575
    lstm = solved_steps(RunConfig(task="adding", cell="lstm"), 3, 2500, loss=0.02)
    assert len(lstm) == 3  # measured: 1103…1643
    assert max(gru) < min(lstm)
    for seed in range(3):
        solved, _, loss = train(RunConfig(task="adding", seed=seed), 1700, loss=0.02)
        assert not solved
        assert loss == pytest.approx(1 / 6, rel=0.25)


@pytest.mark.parametrize("forget_bias", [0.0, 1.0])
def test_an_lstm_that_forgets_stays_on_the_floor(forget_bias: float) -> None:
    for seed in range(3):
        config = RECALL.replace(forget_bias=forget_bias, seed=seed)
        solved, _, loss = train(config, 1500, accuracy=0.99)
        assert not solved
        assert loss == pytest.approx(math.log(8), rel=0.02)


def test_an_lstm_that_remembers_recalls() -> None:
    steps = solved_steps(RECALL.replace(forget_bias=math.log(49)), 3, 800, accuracy=0.99)
    assert len(steps) == 3  # measured: 192…420
