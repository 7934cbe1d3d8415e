"""The largest eigenvalue of many small symmetric tridiagonal matrices T at once.

LAPACK goes through them one by one; here a row of all is one operation. The pivots d_j of
x − T = L D Lᵀ follow from d_j = x − a_j − b_{j−1}² / d_{j−1} (Sturm's sequence in ratios);
all are positive where x is above all eigenvalues.

Index legend: M matrices of k rows; entries (k, M): the diagonal a, and b beside it, whose
last leads out of T.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

ZERO = 1e-60
"""An eigenvalue this small is zero."""


def largest(diagonal: Tensor, beyond: Tensor) -> Tensor:
    """(M,): the largest eigenvalue of each tridiagonal matrix; its entries are (k, M)."""
    if len(diagonal) == 1:
        return diagonal[0]
    if len(diagonal) == 2:
        middle, half = (diagonal[0] + diagonal[1]) / 2, (diagonal[0] - diagonal[1]) / 2
        return middle + torch.hypot(half, beyond[0])
    matrix = torch.diag_embed(diagonal.mT) + torch.diag_embed(beyond[:-1].mT, -1)
    is_finite = matrix.sum((-2, -1)).isfinite()
    # LAPACK would raise.
    matrix = torch.where(is_finite[:, None, None], matrix, 0.0)
    return torch.where(is_finite, torch.linalg.eigvalsh(matrix)[:, -1], math.nan)


HALVINGS = 12
"""Of the distance between the ends, which is at most three times λ₁."""


def nearly_largest(diagonal: Tensor, beyond: Tensor) -> Tensor:
    """The same from below, to a thousandth: by bisection, ten times as fast as by LAPACK."""
    if len(diagonal) <= 2:
        return largest(diagonal, beyond)
    sides = torch.cat([torch.zeros_like(beyond[:1]), beyond[:-1]]) + beyond
    sides[-1] -= beyond[-1]
    low, high = diagonal.amax(0), (diagonal + sides).amax(0)
    is_finite = high.isfinite()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_above = torch.stack(pivots_of(middle + ZERO, diagonal, beyond)).amin(0) > 0
        low, high = torch.where(is_above, low, middle), torch.where(is_above, middle, high)
    return torch.where(is_finite, low, math.nan)


def nearly(diagonal: Tensor, beyond: Tensor, factor: float) -> Tensor:
    """The same from below, fast, where e₁ is near the leading eigenvector."""
    values = largest(diagonal[:2], beyond[:2])
    if len(diagonal) > 2:
        point = values * factor + ZERO
        vector = solved(point, diagonal, beyond)
        values = torch.maximum(values, point - vector[0] / vector.square().sum(0))
    return values


def pivots_of(point: Tensor, diagonal: Tensor, beyond: Tensor) -> list[Tensor]:
    """List of (M,): D of L D Lᵀ = x − T, which are p_j(x) / p_{j−1}(x) but for a factor."""
    shifted, squares = (point - diagonal).unbind(), beyond.square().unbind()
    pivots = [shifted[0]]
    for shift, square in zip(shifted[1:], squares, strict=False):
        pivots.append(torch.addcdiv(shift, square, pivots[-1], value=-1))
    return pivots


def solved(point: Tensor, diagonal: Tensor, beyond: Tensor) -> Tensor:
    """(k, M): (x − T)⁻¹ e₁, which points along the leading eigenvector where x is near λ₁."""
    pivots = pivots_of(point, diagonal, beyond)
    ahead = [1 / pivots[0]]
    for pivot, step in zip(pivots[1:], beyond, strict=False):
        ahead.append(ahead[-1] * step / pivot)
    found = [ahead[-1]]
    for own, pivot, step in zip(ahead[-2::-1], pivots[-2::-1], beyond[:-1].flip(0), strict=True):
        found.append(torch.addcmul(own, step / pivot, found[-1]))
    return torch.stack(found[::-1])
