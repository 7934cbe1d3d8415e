"""Trainings with every constraint, penalty and decay at once: they compose, and leave no trace."""

from __future__ import annotations

import math

import pytest

from gradviz import RunConfig, Trainer

HELD = {
    "input_constraint": "max_norm",
    "recurrent_constraint": "spectral",
    "bias_constraint": "non_negative",
    "constraint_limit": 0.8,
    "l1": 1e-3,
    "l2": 1e-2,
    "weight_decay": 0.3,
    "schedule": "cosine",
    "omega": 0.5,
}


def held(cell: str, **settings: object) -> RunConfig:
    """What the cell can have of them."""
    sizes = {"seq_len": 8, "hidden_size": 5, "batch_size": 4, "num_layers": 2, "dropout": 0.2}
    config = RunConfig(**HELD, **sizes, **settings)
    return config.replace(cell=cell)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "mgu", "fully_connected"])
def test_a_checkpoint_goes_on_bit_for_bit_whatever_is_measured(cell: str, dtype: str) -> None:
    config = held(cell, dtype=dtype, clip="agc", optimizer="rmsprop", momentum=0.5)
    trainer, watched = Trainer(config), Trainer(config)
    losses = [trainer.train_step("none").loss for _ in range(3)]
    data = trainer.checkpoint()
    losses += [trainer.train_step("none").loss for _ in range(3)]
    assert [watched.train_step("light").loss for _ in range(3)] == losses[:3]
    fresh = Trainer(config)
    fresh.restore(data)
    assert [fresh.train_step(kind).loss for kind in ("none", "full", "light")] == losses[3:]
    assert all(map(math.isfinite, losses))
    assert Trainer(config.replace(l2=0.0)).train_step("none").loss == losses[0]
