"""Normalisation of what goes from one recurrent layer to the next, and to the readout.

With u (T, B, D) the outputs of a layer, its skip included, û for u without its mean and spread, and
gain α and shift β of a number a unit each:

    û = (u − mean u) / √(var u + ε),   y = α ⊙ û + β

    layer   mean and variance of the D units of one timestep of one sequence (Ba, Kiros & Hinton
            2016, arXiv 1607.06450, eq. 3)
    batch   of each unit over all T·B timesteps and sequences (Ioffe & Szegedy 2015, arXiv
            1502.03167; "sequence-wise" as in Laurent et al. 2016, arXiv 1510.01378, eq. 9); beside
            them running ones with momentum 0.1, which are taken where nothing is trained

Gains start at 1 and shifts at 0. The order is layer, skip, norm, dropout.

It is vertical only: no state is normalised on its way from timestep to timestep. In the recurrence
layer norm is a cell's own (`cells.layer_norm_lstm`, …). Batch norm there would let every state of a
batch depend on every other's past, so that ∂s_t/∂s_{t−1} of one sequence would not be all of it:
there is no Jacobian a sequence. Here too a gradient goes from one sequence to all others, by the
means of the batch, but between layers only.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

EPSILON = 1e-5
"""ε, PyTorch's default of both."""


class SequenceBatchNorm(nn.Module):
    """nn.BatchNorm1d over all axes but the last."""

    def __init__(self, size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(size, EPSILON, dtype=dtype)

    def forward(self, values: Tensor) -> Tensor:
        """(…, D) to (…, D)."""
        normed: Tensor = self.norm(values.flatten(0, -2))
        return normed.view_as(values)


def norm_of(kind: Literal["none", "layer", "batch"], size: int) -> nn.Module:
    """In float64, of D units; for “none” a module that leaves all as it is."""
    if kind == "layer":
        return nn.LayerNorm(size, EPSILON, dtype=torch.float64)
    return SequenceBatchNorm(size, torch.float64) if kind == "batch" else nn.Identity()
