"""The recurrent cells: one file each, and one line here.

A cell gives, for all timesteps at once, its gates and its *linearisation*: the step
Jacobian J_t = ∂s_t/∂s_{t−1} as products with vectors (vjp, jvp), never as a matrix. The
state s is a tuple: (h,) or, for the LSTM, (h, c).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gradviz.cells import gru, lstm, rnn
from gradviz.cells.layer_pass import LayerPass, Weights
from gradviz.cells.linearisation import Linearisation, Replay, State

__all__ = ["REPLAYS", "LayerPass", "Linearisation", "Replay", "State", "Weights"]

REPLAYS: Mapping[str, Callable[[LayerPass], Replay]] = {
    "RNN": rnn.replay,
    "LSTM": lstm.replay,
    "GRU": gru.replay,
}
"""By the name of PyTorch's module."""
