"""Largest eigenvalues of many matrices at once, from products with vectors only.

Lanczos' tridiagonalisation (1950) from a start q₁. Its basis vectors are polynomials of the
matrix, q_{j+1} = p_j(M) q₁, so by Bessel's inequality the leading eigenvector v₁ obeys
(v₁·q₁)² Σ_j p_j(λ₁)² ≤ 1. Where |v₁·q₁| ≥ ξ may be assumed, λ₁ lies below the x at which the
sum reaches 1/ξ² (van Dorsselaer, Hochstenbach & van der Vorst 2000,
doi 10.1137/S0895479899358595, with the whole sum instead of its last term).

A rule by the residual says only that some eigenvalue is near, not that it is the largest:
stopped by it one by one, 1 % of an orthogonal GRU's norms were up to 4 % wrong, and 8 % of
those of diagonal weights.

Index legend: M matrices, N columns, k iterations.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

Product = Callable[[Tensor], Tensor]

TINY = 1e-30
"""Stands for a zero that is divided by; far below the rounding of what it is added to."""

ZERO = 1e-60
"""An eigenvalue this small is zero."""

LOOSE = 5e-3
"""From this tolerance on the basis is not orthogonalised again: what is lost delays only."""

GROWTH = 20.0
"""Σ p_j² hardly ever grows faster in an iteration; so long no test can succeed."""

FEW = 8
"""About so many are tested first; all only once these are done."""

UNLIKELY = 1e-4
"""A random direction's overlap with another is below so much of 1/√N one time in 10,000."""


def random_start(like: Tensor) -> tuple[Tensor, float]:
    """Unit vectors (M, N), and the overlap ξ with any other direction that they surely have.

    Each matrix gets its own: where a common vector missed a direction, all would.

    Args:
        like: (M, N) of the wanted dtype and device.
    """
    own = torch.Generator().manual_seed(0)
    start, _ = unit(torch.randn(like.shape, generator=own).to(like))
    return start, UNLIKELY / like.shape[-1] ** 0.5


def spectral_norms(product: Product, like: Tensor, tolerance: float) -> Tensor:
    """(…), the root of the largest eigenvalue of each M = AᵀA; nan where not finite.

    Args:
        product: (…, N) v to M v.
        like: (…, N) of the wanted shape, dtype and device.
        tolerance: relative error of the root.
    """

    def flat(vector: Tensor) -> Tensor:
        return product(vector.view(like.shape)).reshape(vector.shape)

    start, overlap = random_start(like.reshape(-1, like.shape[-1]))
    return leading(flat, start, overlap, tolerance).to(like.dtype).view(like.shape[:-1])


def leading(product: Product, start: Tensor, overlap: float, tolerance: float) -> Tensor:
    """(M,) float64, √λ₁ of each positive semidefinite M, from below; nan where not finite.

    Args:
        product: (M, N) v to M v.
        start: (M, N) of length 1.
        overlap: ξ, what |v₁·start| is at least.
        tolerance: relative error of √λ₁.
    """
    rounding = torch.finfo(start.dtype).eps
    tolerance = max(tolerance, 4 * rounding)
    basis, size = [start], start.shape[-1]
    bracket = _Bracket(tolerance, overlap)
    length = start.new_zeros(start.shape[:-1])
    for count in range(1, size + 1):
        image = product(basis[-1])
        along = torch.linalg.vecdot(basis[-1], image)
        image = torch.addcmul(image, along.unsqueeze(-1), basis[-1], value=-1)
        if count > 1:
            image.addcmul_(length.unsqueeze(-1), basis[-2], value=-1)
        if tolerance < LOOSE:
            image = _orthogonal(image, basis)
            # What is left of a space that is used up is rounding, in no direction of its own.
            left = torch.linalg.vector_norm(image, dim=-1) > size * rounding * along.abs()
            image = torch.where(left.unsqueeze(-1), image, 0.0)
        else:
            basis = basis[-1:]
        right, length = unit(image)
        bracket.add(along, length)
        if bracket.is_closed(is_last=count == size):
            break
        basis.append(right)
    return (bracket.values - 10 * ZERO).clamp_min(0).sqrt()


class _Bracket:
    """Of λ₁, by the tridiagonal matrix T of the iterations so far."""

    def __init__(self, tolerance: float, overlap: float) -> None:
        self._find = largest if tolerance < LOOSE else nearly_largest
        self._factor, self._needed = (1 + tolerance) ** 2, overlap**-2
        self._diagonal, self._beyond = list[Tensor](), list[Tensor]()
        self._next = max(2, math.ceil(math.log(self._needed) / math.log(GROWTH)))
        self._is_done: Tensor | None = None
        self.values = torch.empty(0)

    def add(self, diagonal: Tensor, beyond: Tensor) -> None:
        """One more row of T, (M,) each."""
        self._diagonal.append(diagonal.double())
        self._beyond.append(beyond.double().clamp_min(ZERO))

    def is_closed(self, *, is_last: bool) -> bool:
        """Whether every λ₁ is known to the tolerance, or never will be."""
        count = len(self._diagonal)
        if count < self._next and not is_last:
            return False
        stride = len(self._diagonal[0]) // FEW
        if stride > 1 and count > 2 and not is_last:
            sums = self._sums(stride)[1]
            if self._is_done is not None:
                sums = sums.masked_fill(self._is_done[::stride], torch.inf)
            if bool((sums < self._needed).any()):
                self._plan(float(sums.min()))
                return False
        latest, sums = self._sums()
        # Of one whose numbers are not finite nothing will be known.
        is_open = sums < self._needed
        if self._is_done is None:
            self.values = latest
        else:
            # One that is done keeps its value: its basis has gone on and decayed.
            self.values = torch.where(self._is_done, self.values, latest)
            is_open &= ~self._is_done
        self._is_done = ~is_open
        if is_last or not bool(is_open.any()):
            return True
        self._plan(float(sums[is_open].min()))
        return False

    def _sums(self, stride: int = 1) -> tuple[Tensor, Tensor]:
        """λ₁ of T, of every so many matrices, and Σ p_j² a little above it; nan: not finite."""
        diagonal, beyond = (
            torch.stack([row[::stride] for row in part]) for part in (self._diagonal, self._beyond)
        )
        values = self._find(diagonal, beyond)
        pivots = torch.stack(_pivots(values * self._factor + ZERO, diagonal, beyond))
        sums = 1 + (pivots / beyond).cumprod(0).square().sum(0)
        # Below T's own largest eigenvalue it says nothing.
        return values, sums.masked_fill((pivots <= 0).any(0), 0.0)

    def _plan(self, least: float) -> None:
        count = len(self._diagonal)
        wanted = 0.9 * count * math.log(self._needed) / math.log(max(least, 2.0))
        self._next = max(count + 1, min(int(wanted), 2 * count))


def largest(diagonal: Tensor, beyond: Tensor) -> Tensor:
    """(M,): the largest eigenvalue of each tridiagonal matrix; its entries are (k, M)."""
    if len(diagonal) == 1:
        return diagonal[0]
    if len(diagonal) == 2:
        middle, half = (diagonal[0] + diagonal[1]) / 2, (diagonal[0] - diagonal[1]) / 2
        return middle + torch.hypot(half, beyond[0])
    matrix = torch.diag_embed(diagonal.mT) + torch.diag_embed(beyond[:-1].mT, -1)
    is_finite = matrix.sum((-2, -1)).isfinite()
    if not bool(is_finite.all()):
        # LAPACK would raise.
        matrix = torch.where(is_finite[:, None, None], matrix, 0.0)
        return torch.where(is_finite, torch.linalg.eigvalsh(matrix)[:, -1], math.nan)
    values: Tensor = torch.linalg.eigvalsh(matrix)[:, -1]
    return values


HALVINGS = 12
"""Of the distance between the ends, which is at most three times λ₁."""


def nearly_largest(diagonal: Tensor, beyond: Tensor) -> Tensor:
    """The same from below, to a thousandth: by bisection, ten times as fast as by LAPACK.

    Above λ₁ all pivots are positive (Sylvester).
    """
    if len(diagonal) <= 2:
        return largest(diagonal, beyond)
    aside = torch.cat([beyond[:1] * 0, beyond[:-1]]), torch.cat([beyond[:-1], beyond[:1] * 0])
    low, high = diagonal.amax(0), (diagonal + aside[0] + aside[1]).amax(0)
    is_finite = high.isfinite()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_above = torch.stack(_pivots(middle + ZERO, diagonal, beyond)).amin(0) > 0
        low, high = torch.where(is_above, low, middle), torch.where(is_above, middle, high)
    return torch.where(is_finite, low, math.nan)


def _pivots(point: Tensor, diagonal: Tensor, beyond: Tensor) -> list[Tensor]:
    """List of (M,): D of L D Lᵀ = x − T, which are p_j(x) / p_{j−1}(x) but for a factor."""
    shifted, squares = (point - diagonal).unbind(), beyond.square().unbind()
    pivots = [shifted[0]]
    for shift, square in zip(shifted[1:], squares, strict=False):
        pivots.append(torch.addcdiv(shift, square, pivots[-1], value=-1))
    return pivots


def unit(vector: Tensor) -> tuple[Tensor, Tensor]:
    """Of length 1, and the length."""
    length = torch.linalg.vector_norm(vector, dim=-1)
    return vector / length.clamp_min(TINY).unsqueeze(-1), length


def _orthogonal(vector: Tensor, basis: list[Tensor]) -> Tensor:
    """Gram–Schmidt, twice: after one pass matrices that converged early went wrong by 27 %."""
    for _ in range(2):
        for each in basis:
            share = torch.linalg.vecdot(each, vector).unsqueeze(-1)
            vector = torch.addcmul(vector, share, each, value=-1)
    return vector
