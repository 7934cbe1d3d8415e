"""The loss of "learned nothing", of every task, by networks that cannot have learned anything."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from gradviz import RunConfig, Trainer
from gradviz.config import TASKS
from gradviz.tasks.sunspots import series

pytestmark = pytest.mark.slow  # Every cell or task, or trainings: a part of the full run.

SIZES: dict[str, dict[str, Any]] = {
    "word_lm": {"seq_len": 20, "vocabulary_size": 200},
    "char_lm": {"seq_len": 20},
    "text_classification": {"seq_len": 20, "vocabulary_size": 200},
    "copy_memory": {"seq_len": 10},
    "wave_from_vector": {"seq_len": 20},
}
"""What makes them quicker."""

UNTRAINED: dict[str, float] = {
    # The square of what is wanted: of two uniform numbers' sum 1 + 1/6; of one 1/3, twelvefold.
    "adding": 7 / 6,
    "two_in_two_out": 12 / 3 + math.log(4),
    "sunspots": float(np.square(series()).mean()),
    "series": 1.0,
    "wave_from_vector": 0.5,
    # Of so many kinds.
    "copy_memory": math.log(9),
    "temporal_order": math.log(4),
    "recall": math.log(8),
    "digits_pixels": math.log(10),
    "digits_rows": math.log(10),
    "copy_sequence": math.log(8),
    "reverse_sequence": math.log(8),
    "text_classification": math.log(8),
    "word_lm": math.log(200),
}
"""The loss of a network that answers 0 to everything, by hand."""

ABOVE = {"adding", "two_in_two_out", "sunspots", "copy_memory", "word_lm", "char_lm"}
"""Tasks of which even the frequencies, or the mean, must be learned; of the others an untrained
network sits on the floor."""

AT_THEIR_TIME = {"copy_memory", "wave_from_vector"}
"""Their best blind answer depends on the timestep."""


def trainer_of(task: str, **more: Any) -> Trainer:
    return Trainer(RunConfig(task=task, batch_size=128, **{**SIZES.get(task, {}), **more}))


def losses(trainer: Trainer, count: int) -> list[float]:
    return [trainer.train_step("none").loss for _ in range(count)]


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
@pytest.mark.parametrize("task", TASKS)
def test_an_untrained_network(task: str, cell: str) -> None:
    """On the floor, or above it by what an answer of 0 costs."""
    trainer = trainer_of(task, cell=cell, hidden_size=32, learning_rate=1e-8)
    loss = np.mean(losses(trainer, 5))
    expected = UNTRAINED.get(task, math.log(trainer.task.output_size))
    if task in ABOVE:
        # Its first weights move a number's mean by a good deal.
        assert 0.7 * expected < loss < 1.5 * expected
        assert loss > 1.1 * trainer.floor
    else:
        assert loss == pytest.approx(trainer.floor, rel=0.15)
        assert expected == pytest.approx(trainer.floor, rel=0.01)


@pytest.mark.parametrize("task", TASKS)
def test_a_network_that_sees_nothing_learns_the_floor(task: str) -> None:
    """Only the readout is trained, upon states that no input has driven."""
    trainer = counting(task) if task in AT_THEIR_TIME else blind(task)
    trained = np.mean(losses(trainer, 400)[-150:])
    assert trained == pytest.approx(trainer.floor, rel=0.03)


def blind(task: str) -> Trainer:
    """All states are 0: the answer is the readout's bias."""
    trainer = trainer_of(task, hidden_size=2, learning_rate=0.1, clip="none")
    freeze(trainer, "readout.bias")
    return trainer


def counting(task: str) -> Trainer:
    """A linear network whose state is how many timesteps have passed: so many ones, then zeros."""
    timesteps = RunConfig(task=task, **SIZES[task]).timesteps
    trainer = trainer_of(
        task, cell="linear_rnn", hidden_size=timesteps, learning_rate=0.03, clip="none"
    )
    freeze(trainer, "readout")
    weights = dict(trainer.model.recurrent.layers[0].named_parameters())
    with torch.no_grad():
        weights["weight_hh"].copy_(torch.diag(torch.ones(timesteps - 1), -1))
        weights["bias"][0] = 1.0
    return trainer


def freeze(trainer: Trainer, all_but: str) -> None:
    """All else at 0."""
    for name, weights in trainer.model.named_parameters():
        if not name.startswith(all_but):
            weights.requires_grad_(requires_grad=False).zero_()
