"""Live training's shelf “Cells”: cells whose memory goes unit by unit, and the linear network."""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.scenarios.scenario import Scenario, alone

_SUMS = RunConfig(
    task="adding", seq_len=60, num_layers=2, forget_bias=2.0, learning_rate=1e-2, cell="qrnn"
)
_RECALL = RunConfig(task="recall", seq_len=60)

DIAGONAL = (
    Scenario(
        name="qrnn",
        shelf="cells",
        title="Gates that see no state",
        text="A QRNN adds two numbers seen long ago. Its gates read the inputs only, so that each "
        "step Jacobian is just the forget gate: watch both, and the horizon.",
        variants=alone(_SUMS),
        steps=250,
    ),
    Scenario(
        name="sru",
        shelf="cells",
        title="A highway beside the memory",
        text="The same sums with an SRU of 2018. Its gates see the memory unit by unit, and its "
        "highway gate passes on what it reads. Watch the horizons of both layers.",
        variants=alone(_SUMS.replace(cell="sru")),
        steps=100,
    ),
    Scenario(
        name="lru",
        shelf="cells",
        title="A diagonal state space",
        text="An LRU names a token after 59 timesteps of silence. Its Jacobian is the same at "
        "every timestep, rotations that shrink: see how little transport falls.",
        variants=alone(_RECALL.replace(cell="lru", learning_rate=1e-2)),
        steps=120,
    ),
    Scenario(
        name="linear",
        shelf="cells",
        title="No nonlinearity",
        text="The same with a linear network. Every Jacobian is W, at first 0.95 × orthogonal: see "
        "how transport begins as a straight line, and what training makes of it.",
        variants=alone(
            _RECALL.replace(
                cell="linear_rnn",
                recurrent_init="orthogonal",
                recurrent_gain=0.95,
                learning_rate=1e-3,
            )
        ),
        steps=120,
    ),
    Scenario(
        name="lru_copy",
        shelf="cells",
        title="Copy by a state space",
        text="Ten symbols and 30 timesteps of waiting, then an LRU must write them down. See how "
        "far its gradients reach over the wait, and when the loss leaves its floor.",
        variants=alone(
            RunConfig(
                task="copy_memory", cell="lru", seq_len=30, hidden_size=64, learning_rate=1e-2
            )
        ),
        steps=300,
    ),
)
