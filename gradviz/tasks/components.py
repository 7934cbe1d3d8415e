"""Fewer features: a timestep's features become their leading principal components.

    x ← V_nᵀ (x − μ),    C = mean of (x − μ)(x − μ)ᵀ = V diag(λ) Vᵀ,  λ_1 ≥ λ_2 ≥ …

over all timesteps of all sequences that it is fitted to, with V_n the first n columns of V: of all
n numbers that are linear in x they keep most of its variance (Pearson 1901, Phil. Mag. 2;
Hotelling 1933, J. Educ. Psychol. 24). They are not scaled by √λ. The sign of a direction is such
that its largest entry is positive.

Index legend: T timesteps, B sequences, I features, n components.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Components:
    """x ← V_nᵀ (x − μ)."""

    mean: Tensor
    """(I,) float64 μ."""
    directions: Tensor
    """(I, n) float64 V_n."""
    kept: float
    """Share of the variance that is kept, in [0, 1]; 1 where there is none."""

    def __call__(self, inputs: Tensor) -> Tensor:
        """(T, B, I) to (T, B, n), in its dtype; computed in float64."""
        projected: Tensor = (inputs.double() - self.mean) @ self.directions
        return projected.to(inputs.dtype)


def fit_components(inputs: Tensor, count: int) -> Components:
    """The `count` leading components of a sample (T, B, I)."""
    import torch

    values = inputs.double().flatten(0, -2)
    mean = values.mean(0)
    centred = values - mean
    variances, directions = torch.linalg.eigh(centred.T @ centred / len(centred))
    # Ascending, and by rounding perhaps just below 0.
    variances, directions = variances.flip(0).clamp(min=0.0), directions.flip(1)[:, :count]
    largest = directions.abs().argmax(0, keepdim=True)
    total = float(variances.sum())
    return Components(
        mean=mean,
        directions=directions * directions.gather(0, largest).sign(),
        kept=float(variances[:count].sum()) / total if total else 1.0,
    )
