"""Live training's shelf “Cells”: one run of each cell that PyTorch does not have."""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.scenarios.scenario import Scenario, alone

_SUMS = RunConfig(task="adding", seq_len=60)

CELLS = (
    Scenario(
        name="peepholes",
        shelf="cells",
        title="Gates that see the memory",
        text="A peephole LSTM reads frequency and phase once, then writes 40 timesteps of their "
        "sine: it must keep time by what it carries. Watch the output gate.",
        variants=alone(
            RunConfig(
                task="wave_from_vector",
                cell="peephole_lstm",
                seq_len=40,
                hidden_size=64,
                learning_rate=1e-2,
            )
        ),
        steps=300,
    ),
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
        name="layer_norm_plain",
        shelf="cells",
        title="An RNN with layer norm",
        text="Recall the first of 20 tokens with a layer-norm RNN: how far back does its gradient "
        "reach at the first step, beside a plain one's?",
        variants=alone(RunConfig(task="recall", seq_len=20, cell="layer_norm_rnn")),
        steps=150,
    ),
    Scenario(
        name="layer_norm_gated",
        shelf="cells",
        title="A GRU with layer norm",
        text="Adding over 30 timesteps with a layer-norm GRU. Its gates' sums have mean 0 and "
        "variance 1 at every timestep: see how soon the loss leaves its floor.",
        variants=alone(RunConfig(seq_len=30, cell="layer_norm_gru")),
        steps=150,
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
    Scenario(
        name="orthogonal",
        shelf="cells",
        title="Orthogonal for good",
        text="An orthogonal RNN must name the first of 200 inputs. Its W_hh is orthogonal at every "
        "step of training: look at the transport, and how soon the loss falls.",
        variants=alone(RunConfig(task="recall", cell="orthogonal_rnn", seq_len=200)),
        steps=60,
    ),
    Scenario(
        name="identity_start",
        shelf="cells",
        title="The IRNN's own start",
        text="Identity, no biases, tiny input weights: name the first of 50 inputs with an IRNN. "
        "See how far the gradient reaches at first, and whether training leaves it so.",
        variants=alone(
            RunConfig(
                task="recall",
                cell="irnn",
                seq_len=50,
                batch_size=64,
                hidden_size=64,
                learning_rate=1e-3,
            )
        ),
        steps=180,
    ),
    Scenario(
        name="no_memory",
        shelf="cells",
        title="All at once, without memory",
        text="A fully connected network sees the 64 pixels of a digit at once. Nothing is carried: "
        "what is drawn is the gradient of each pixel. Where does it matter?",
        variants=alone(
            RunConfig(task="digits_pixels", cell="fully_connected", hidden_size=64, batch_size=64)
        ),
        steps=200,
    ),
)
