"""Layer normalisation and its Jacobian.

Ba, Kiros & Hinton 2016 (arXiv 1607.06450):

    LN(u; α, β) = α ⊙ û + β,  û = (u − mean u) / √(var u + ε)
    ∂û/∂u = (I − 1 1ᵀ/D − û ûᵀ/D) / √(var u + ε)

It is symmetric. What moves all of u alike, or stretches it, does not pass (the latter but for ε).

Index legend: T timesteps, B sequences, D size of u.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from gradviz.cells.arrays import mean

EPSILON = 1e-5
"""ε, as in PyTorch's nn.LayerNorm."""


@dataclass
class Normalised:
    """û of all timesteps, and ∂û/∂u as a product."""

    values: Tensor
    """(T, B, D) û."""
    inverse: Tensor
    """(T, B, 1) 1/√(var u + ε)."""

    def product(self, vector: Tensor) -> Tensor:
        """(∂û/∂u) v, which is (∂û/∂u)ᵀ v."""
        along = self.values * mean(self.values * vector)
        return (vector - mean(vector) - along) * self.inverse


def layer_norm(values: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """LN(u; α, β) over the last axis."""
    return functional.layer_norm(values, gain.shape, gain, bias, EPSILON)


@torch.no_grad()
def start_norms(layer: nn.Module) -> None:
    """Set gains to 1 and biases to 0 (the paper's section 6); weights stay as they are."""
    for name, parameter in layer.named_parameters():
        if not name.startswith("weight"):
            parameter.fill_(1.0 if "gain" in name else 0.0)


def normalised(values: Tensor) -> Normalised:
    """û of u (T, B, D)."""
    variance, centre = torch.var_mean(values, -1, correction=0, keepdim=True)
    inverse = (variance + EPSILON).rsqrt()
    return Normalised((values - centre) * inverse, inverse)
