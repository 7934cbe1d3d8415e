"""What a cell's linearisation and replay offer.

Index legend: T timesteps, B sequences, H hidden size, G gates of a cell, P size of h_t.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor

State = tuple[Tensor, ...]
"""(h,) or (h, c)."""


class Linearisation(Protocol):
    """J_t as products: of every timestep and sequence, or of some.

    A dataclass of weights (`weight`, `projection`) and multipliers, each (T, B, …). The
    same products serve all (t, b) at once, one timestep (multipliers without their first
    axis), and many vectors a sequence (with an axis put in), because they broadcast over
    what stands before the last axis. `vjp` serves NumPy's arrays as well.
    """

    @property
    def weight(self) -> Tensor:
        """(G·H, P) W_hh."""
        ...

    def vjp(self, vector: State) -> State:
        """J_tᵀ v; a vector is (…, size) for each part of the state."""
        ...

    def jvp(self, vector: State) -> State:
        """J_t v."""
        ...

    def input_grad(self, vector: State) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih), (…, G·H), from the total gradient of s_t."""
        ...

    def recurrent_grad(self, vector: State) -> Tensor:
        """∂L/∂(W_hh h_{t−1} + b_hh), (…, G·H), from the total gradient of s_t."""
        ...


class Replay(Protocol):
    """What a replay of all timesteps leaves."""

    @property
    def gates(self) -> Mapping[str, Tensor]: ...
    @property
    def cell(self) -> Tensor | None: ...
    @property
    def linearisation(self) -> Linearisation: ...
