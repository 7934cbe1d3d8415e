"""What the scenarios on state and truncation show, held by trainings of several seeds."""

from __future__ import annotations

import numpy as np
import pytest

from gradviz.config import RunConfig
from gradviz.scenarios import SCENARIOS
from gradviz.training import Trainer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("training_thread")]

SEEDS = (0, 1, 2)


def loss_of(config: RunConfig, steps: int, seed: int) -> tuple[float, float]:
    """The mean of the last twenty, and the floor."""
    trainer = Trainer(config.replace(seed=seed))
    losses = [trainer.train_step("none").loss for _ in range(steps)]
    return float(np.mean(losses[-20:])), trainer.floor


@pytest.mark.parametrize("seed", SEEDS)
def test_a_window_shorter_than_the_lag_does_not_learn_and_the_whole_sequence_does(
    seed: int,
) -> None:
    """19 timesteps lie between the token and the answer."""
    variants = SCENARIOS["truncations"].variants
    short, floor = loss_of(variants["window 5"], 200, seed)
    whole, _ = loss_of(variants["whole sequence"], 200, seed)
    assert short > 0.95 * floor
    assert whole < 0.1 * floor
    assert variants["window 5"].replace(bptt_window=0) == variants["whole sequence"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_state_that_goes_on_makes_up_for_short_pieces(seed: int) -> None:
    """A piece's five characters tell little of the next; what was carried in tells more."""
    variants = SCENARIOS["states"].variants
    stateless, floor = loss_of(variants["stateless"], 400, seed)
    stateful, _ = loss_of(variants["stateful"], 400, seed)
    assert stateful < stateless - 0.1
    assert stateless < 0.8 * floor
