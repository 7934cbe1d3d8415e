"""Elman's RNN: h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh).

Elman 1990. J_t = diag(φ′) W_hh. With φ = tanh or relu it is PyTorch's `nn.RNN`; `elman` has the
layer for the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gradviz.cells.arrays import masked
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import HiddenCoupling, Replay
from gradviz.cells.nonlinearity import NONLINEARITIES, steepest


@dataclass
class RnnLinearisation:
    """J_t = diag(slope) W."""

    slope: Tensor
    """(T, B, H) φ′ at the pre-activation."""
    weight: Tensor
    """(H, H) W_hh."""
    hidden_mask: Tensor | None = None
    """(T, B, H) factors of h_{t−1}, of variational dropout."""

    @property
    def cost(self) -> int:
        """Multiply-adds of one product."""
        return self.weight.numel()

    def vjp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_tᵀ v."""
        return (masked((vector[0] * self.slope) @ self.weight, self.hidden_mask),)

    def jvp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_t v."""
        read = masked(vector[0], self.hidden_mask)
        return ((read @ self.weight.T) * self.slope,)

    def input_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih)."""
        return vector[0] * self.slope

    def recurrent_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_hh h_{t−1} + b_hh): the same, for the two are added."""
        return self.input_grad(vector)


def replay(passed: LayerPass) -> Replay:
    """Linearise all timesteps; φ′ follows from h_t."""
    slope = NONLINEARITIES[passed.nonlinearity].slope(passed.output)
    steps = RnnLinearisation(slope=slope, weight=passed.weights["weight_hh"])
    return Replay(
        states=(passed.output,),
        linearisation=steps,
        coupling=HiddenCoupling(steps, passed.weights["weight_ih"]),
        reads=(passed.before,),
    )


def bound(weight: Tensor, nonlinearity: str) -> float:
    """Pascanu's bound on ‖J_t‖₂: γ‖W_hh‖₂ with γ = max φ′, 1 for tanh (arXiv 1211.5063).

    nan for weights that are not finite, on which LAPACK's SVD would raise.
    """
    if not bool(torch.isfinite(weight).all()):
        return math.nan
    return steepest(nonlinearity) * float(torch.linalg.matrix_norm(weight, 2))


def radius(weight: Tensor) -> float:
    """Spectral radius, the largest |eigenvalue|; nan for weights that are not finite."""
    if not bool(torch.isfinite(weight).all()):
        return math.nan
    return float(torch.linalg.eigvals(weight).abs().max())
