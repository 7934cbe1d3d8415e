"""Live training's shelf “Cells”: one run of each cell that PyTorch does not have."""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.scenarios.scenario import Scenario, alone

_SUMS = RunConfig(task="adding", seq_len=60)

CELLS = (
    Scenario(
        name="coupled_gates",
        shelf="cells",
        title="One gate to write and forget",
        text="A coupled LSTM adds two numbers seen long ago. Its forget gate is one minus its "
        "input gate: watch both, and the horizon.",
        variants=alone(_SUMS.replace(cell="coupled_lstm", learning_rate=1e-2)),
        steps=400,
    ),
    Scenario(
        name="layer_norm",
        shelf="cells",
        title="An LSTM with layer norm",
        text="The same sums with a layer-norm LSTM. Its Jacobians are divided by the spread of "
        "W h: see where their norms start, and how soon the loss leaves its floor.",
        variants=alone(_SUMS.replace(cell="layer_norm_lstm", learning_rate=5e-3)),
        steps=300,
    ),
    Scenario(
        name="minimal_gate",
        shelf="cells",
        title="A single gate",
        text="The same sums with a minimal gated unit, the MGU. One gate has both roles, reset and "
        "update: watch them mirror each other.",
        variants=alone(_SUMS.replace(cell="mgu", learning_rate=1e-2)),
        steps=450,
    ),
)
