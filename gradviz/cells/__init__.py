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

Tensor = torch.Tensor
State = tuple[Tensor, ...]


class Linearisation(Protocol):
    """J_t of every timestep and sequence, as products. Vectors are (…, H) a state part."""

    def at(self, index: int) -> Linearisation:
        """The same at one timestep (row of the time axis)."""
        ...

    def vjp(self, vector: State) -> State:
        """J_tᵀ v."""
        ...

    def jvp(self, vector: State) -> State:
        """J_t v."""
        ...

    def input_grad(self, vector: State) -> Tensor:
        """∂L/∂(input-side pre-activations), (…, G·H), from the total gradient of s_t."""
        ...


class Replay(Protocol):
    """What a replay of all timesteps leaves."""

    @property
    def gates(self) -> Mapping[str, Tensor]: ...
    @property
    def cell(self) -> Tensor | None: ...
    @property
    def linearisation(self) -> Linearisation: ...


REPLAYS: Mapping[str, Callable[..., Replay]] = {
    "RNN": rnn.replay,
    "LSTM": lstm.replay,
    "GRU": gru.replay,
}
"""By the name of PyTorch's module."""
