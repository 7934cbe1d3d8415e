"""What a cell needs of one layer's forward pass, to linearise it.

Index legend: T timesteps, B sequences, I input size, H hidden size, G gates of a cell,
P size of h_t: H, or an LSTM's proj_size.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Weights(NamedTuple):
    """A layer's, in PyTorch's gate order."""

    ih: Tensor
    """(G·H, I)."""
    hh: Tensor
    """(G·H, P)."""
    bias_ih: Tensor
    """(G·H,)."""
    bias_hh: Tensor
    """(G·H,)."""
    hr: Tensor | None = None
    """(P, H) the projection of an LSTM with proj_size."""

    def to(self, dtype: torch.dtype) -> Weights:
        """In another precision."""
        *four, hr = self
        ih, hh, bias_ih, bias_hh = (each.to(dtype) for each in four if each is not None)
        return Weights(ih, hh, bias_ih, bias_hh, None if hr is None else hr.to(dtype))


class LayerPass(NamedTuple):
    """One layer on one batch, time-major, in the order in which it was read."""

    inputs: Tensor
    """(T, B, I) x_t."""
    before: Tensor
    """(T, B, P) h_{t−1}."""
    hidden: Tensor
    """(T, B, P) h_t."""
    cell: Tensor
    """(B, H) c_0; zeros for a cell without."""
    weights: Weights
    nonlinearity: str
    """Of an RNN: "tanh" or "relu"."""

    def alone(self, b: int) -> LayerPass:
        """Sequence b = 0…B−1 as a batch of one."""
        row = slice(b, b + 1)
        return self._replace(
            inputs=self.inputs[:, row],
            before=self.before[:, row],
            hidden=self.hidden[:, row],
            cell=self.cell[row],
        )
