"""Elman's RNN: h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh), φ = tanh or relu.

Elman 1990; PyTorch's `nn.RNN`. J_t = diag(φ′) W_hh.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.squash import tanh_slope


@dataclass
class RnnLinearisation:
    """J_t = diag(slope) W."""

    slope: Tensor
    """(T, B, H) φ′ at the pre-activation."""
    weight: Tensor
    """(H, H) W_hh."""

    def vjp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_tᵀ v."""
        return ((vector[0] * self.slope) @ self.weight,)

    def jvp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_t v."""
        return ((vector[0] @ self.weight.T) * self.slope,)

    def input_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih)."""
        return vector[0] * self.slope

    def recurrent_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_hh h_{t−1} + b_hh): the same, for the two are added."""
        return self.input_grad(vector)


@dataclass
class RnnReplay:
    """A plain RNN has no gates."""

    linearisation: RnnLinearisation
    gates: dict[str, Tensor] = field(default_factory=dict)
    cell: Tensor | None = None


def replay(passed: LayerPass) -> RnnReplay:
    """Linearise all timesteps; φ′ follows from h_t."""
    hidden = passed.hidden
    slope = tanh_slope(hidden) if passed.nonlinearity == "tanh" else (hidden > 0).to(hidden.dtype)
    return RnnReplay(RnnLinearisation(slope=slope, weight=passed.weights.hh))


def bound(weight: Tensor) -> float:
    """Pascanu's bound on ‖J_t‖₂: γ‖W_hh‖₂ with γ = 1 for tanh and relu (arXiv 1211.5063).

    nan for weights that are not finite, on which LAPACK's SVD would raise.
    """
    if not bool(torch.isfinite(weight).all()):
        return math.nan
    return float(torch.linalg.matrix_norm(weight, 2))


def radius(weight: Tensor) -> float:
    """Spectral radius, the largest |eigenvalue|; nan for weights that are not finite."""
    if not bool(torch.isfinite(weight).all()):
        return math.nan
    return float(torch.linalg.eigvals(weight).abs().max())
