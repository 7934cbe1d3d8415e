"""Set-ups that several scenarios vary: one explodes, one learns only if it is clipped."""

from __future__ import annotations

from gradviz.config import RunConfig

TEMPORAL_ORDER = RunConfig(
    task="temporal_order",
    seq_len=30,
    hidden_size=50,
    recurrent_init="orthogonal",
    optimizer="sgd",
    learning_rate=0.1,
)

EXPLOSION = RunConfig(
    task="adding",
    seq_len=100,
    hidden_size=64,
    recurrent_init="orthogonal",
    recurrent_gain=1.6,
    optimizer="sgd",
    learning_rate=0.05,
)
