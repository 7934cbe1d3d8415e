"""What a cell needs of one layer's forward pass, to linearise it.

Index legend: T timesteps, B sequences, I input size, H hidden size, G gates of a cell.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Weights(NamedTuple):
    """A layer's, in PyTorch's gate order."""

    ih: Tensor
    """(G·H, I)."""
    hh: Tensor
    """(G·H, H)."""
    bias_ih: Tensor
    """(G·H,)."""
    bias_hh: Tensor
    """(G·H,)."""


class LayerPass(NamedTuple):
    """One layer on one batch, time-major."""

    inputs: Tensor
    """(T, B, I) x_t."""
    before: Tensor
    """(T, B, H) h_{t−1}."""
    hidden: Tensor
    """(T, B, H) h_t."""
    cell: Tensor
    """(B, H) c_0; zeros for a cell without."""
    weights: Weights
    nonlinearity: str
    """Of an RNN: "tanh" or "relu"."""
