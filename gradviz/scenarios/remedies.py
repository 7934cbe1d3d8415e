"""Diseases: trainings that fail, on which the Remedies page tries its remedies."""

from __future__ import annotations

from collections.abc import Mapping

from gradviz.config import RunConfig
from gradviz.scenarios.demonstrations import EXPLOSION, TEMPORAL_ORDER
from gradviz.scenarios.scenario import Scenario

UNTREATED = "untreated"
"""The label of the run without remedies."""


def _alone(config: RunConfig) -> Mapping[str, RunConfig]:
    return {UNTREATED: config}


REMEDIES = (
    Scenario(
        name="sick_vanishing",
        title="A plain RNN that is to wait",
        text="Adding over 30 timesteps by a plain RNN from PyTorch's own start. How far back does "
        "a gradient reach, and what carries it further?",
        variants=_alone(RunConfig(seq_len=30)),
        page="remedies",
        steps=500,
    ),
    Scenario(
        name="sick_exploding",
        title="Long steps without a clip",
        text="Temporal order with SGD and no clip. Look at the gradient's norm from step to step: "
        "what holds it?",
        variants=_alone(TEMPORAL_ORDER.replace(clip="none")),
        page="remedies",
        steps=400,
    ),
    Scenario(
        name="sick_infinite",
        title="An explosion ends the training",
        text="Adding over 60 timesteps from a W_hh of 1.6 × orthogonal, without a clip. What holds "
        "its numbers finite, and with what does it learn as well?",
        variants=_alone(EXPLOSION.replace(seq_len=60, clip="none")),
        page="remedies",
        steps=200,
    ),
    Scenario(
        name="sick_forgetful_lstm",
        title="An LSTM as PyTorch starts it",
        text="Recall the first of 40 tokens with an LSTM from PyTorch's own start, its forget "
        "gates half open. How far back does a gradient reach?",
        variants=_alone(RunConfig(task="recall", seq_len=40, cell="lstm")),
        page="remedies",
        steps=300,
    ),
    Scenario(
        name="sick_deep",
        title="Eight LSTM layers in a stack",
        text="Eight LSTM layers read digits row by row. Here the way down through the layers is "
        "longer than the way back through the timesteps.",
        variants=_alone(RunConfig(task="digits_rows", cell="lstm", num_layers=8)),
        page="remedies",
        steps=200,
    ),
    Scenario(
        name="sick_chaotic",
        title="A start in chaos",
        text="Recall the first of 20 tokens by an RNN whose W_hh starts with a spectral radius of "
        "about 3. What calms it?",
        variants=_alone(
            RunConfig(task="recall", seq_len=20, recurrent_init="normal", recurrent_gain=3.0)
        ),
        page="remedies",
        steps=300,
    ),
    Scenario(
        name="sick_hasty",
        title="A learning rate of 0.3",
        text="A GRU that is to add two of 20 numbers takes steps of 0.3. Which remedy slows it "
        "down enough?",
        variants=_alone(RunConfig(seq_len=20, cell="gru", learning_rate=0.3)),
        page="remedies",
        steps=400,
    ),
    Scenario(
        name="sick_by_heart",
        title="Sixty-four digits by heart",
        text="A GRU reads the same 64 digits again and again. Compare its loss on these with that "
        "on digits that it has not seen.",
        variants=_alone(
            RunConfig(task="digits_rows", cell="gru", hidden_size=64, training_size=64)
        ),
        page="remedies",
        steps=300,
    ),
)
