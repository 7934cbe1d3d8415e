"""Normalisations, each with a gain and a shift of one number a unit.

They are not called weight and bias as in nn.LayerNorm: those of the layers are found by name.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class LayerNorm(nn.Module):
    """y = α ⊙ (u − mean u) / √(var u + ε) + β over the units (Ba, Kiros & Hinton 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, values: Tensor) -> Tensor:
        return functional.layer_norm(values, self.gain.shape, self.gain, self.shift)


class BatchNorm(nn.Module):
    """y = α ⊙ (u − mean u) / √(var u + ε) + β over the batch (Ioffe & Szegedy 2015).

    Of sequences over their timesteps as well (Laurent et al. 2016).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, values: Tensor) -> Tensor:
        rows = values.flatten(0, -2)
        normed = functional.batch_norm(rows, None, None, self.gain, self.shift, training=True)
        return normed.view_as(values)
