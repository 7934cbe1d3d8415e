"""The recurrent cells: one file each, and one line here.

Index legend: T timesteps, B sequences, H hidden size, N state size, G gates of a cell.

A cell gives, for all timesteps at once, its gates and its *linearisation*: the step
Jacobian J_t = ∂s_t/∂s_{t−1} as products with vectors (vjp, jvp), never as a matrix. The
state s is a tuple: (h,) or, for the LSTM, (h, c).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import torch

from gradviz.cells import gru, lstm, rnn
from gradviz.cells.layer_pass import LayerPass, Weights

__all__ = ["REPLAYS", "LayerPass", "Linearisation", "Replay", "State", "Weights"]

Tensor = torch.Tensor
State = tuple[Tensor, ...]


class Linearisation(Protocol):
    """J_t as products: of every timestep and sequence, or of some.

    A dataclass of `weight` and multipliers, each (T, B, …, H). The same products serve all
    (t, b) at once, one timestep (multipliers without their first axis), and many vectors a
    sequence (with an axis put in), because they broadcast over what stands before H.
    """

    weight: Tensor
    """(G·H, H) W_hh."""

    def vjp(self, vector: State) -> State:
        """J_tᵀ v; a vector is (…, H) for each part of the state."""
        ...

    def jvp(self, vector: State) -> State:
        """J_t v."""
        ...

    def input_grad(self, vector: State) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih), (…, G·H), from the total gradient of s_t."""
        ...


class Replay(Protocol):
    """What a replay of all timesteps leaves."""

    @property
    def gates(self) -> Mapping[str, Tensor]: ...
    @property
    def cell(self) -> Tensor | None: ...
    @property
    def linearisation(self) -> Linearisation: ...


REPLAYS: Mapping[str, Callable[[LayerPass], Replay]] = {
    "RNN": rnn.replay,
    "LSTM": lstm.replay,
    "GRU": gru.replay,
}
"""By the name of PyTorch's module."""
