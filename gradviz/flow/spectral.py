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

from gradviz.flow.tridiagonal import ZERO, largest, nearly, nearly_largest, pivots_of, solved

Product = Callable[[Tensor], Tensor]

TINY = 1e-30
"""Stands for a zero that is divided by; far below the rounding of what it is added to."""

LOOSE = 5e-3
"""From this tolerance on the basis is not orthogonalised again: what is lost delays only."""

GROWTH = 20.0
"""Σ p_j² hardly ever grows faster in an iteration; so long no test can succeed."""

FEW = 8
"""About so many are tested first; all only once these are done."""

TRUSTED = 100.0
"""1/ξ² of a good start."""


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
    return leading(flat, start, overlap, tolerance).roots.to(like.dtype).view(like.shape[:-1])


def leading(
    product: Product,
    start: Tensor,
    overlap: float,
    tolerance: float,
    is_wanted: Tensor | None = None,
) -> Leading:
    """√λ₁ of each positive semidefinite M.

    Args:
        product: (M, N) v to M v.
        start: (M, N) of length 1.
        overlap: ξ, what |v₁·start| is at least.
        tolerance: relative error of √λ₁.
        is_wanted: (M,), of which ones; None: of all.
    """
    rounding = torch.finfo(start.dtype).eps
    tolerance = max(tolerance, 4 * rounding)
    basis, size = [start], start.shape[-1]
    bracket = _Bracket(tolerance, overlap, is_wanted)
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
        right, length = unit(image)
        bracket.add(along, length)
        if bracket.is_closed(is_last=count == size):
            break
        basis.append(right)
    return Leading(bracket, basis)


class Leading:
    """What was found.

    Attributes:
        roots: (M,) float64 √λ₁, from below; nan where numbers are not finite.
    """

    def __init__(self, bracket: _Bracket, basis: list[Tensor]) -> None:
        self._bracket, self._basis = bracket, basis
        self.roots = (bracket.values - 10 * ZERO).clamp_min(0).sqrt()

    def vectors(self) -> Tensor:
        """(M, N)."""
        return _combined(self._basis, self._bracket.vectors())

    def overlaps(self) -> Tensor:
        """(M,): of the vector found with the start. One below ξ contradicts the assumption."""
        return self._bracket.overlaps()


class _Bracket:
    """Of λ₁, by the tridiagonal matrix T of the iterations so far."""

    def __init__(self, tolerance: float, overlap: float, is_wanted: Tensor | None) -> None:
        self._find = largest if tolerance < LOOSE else nearly_largest
        self._factor, self._needed = (1 + tolerance) ** 2, overlap**-2
        self._diagonal, self._beyond = list[Tensor](), list[Tensor]()
        self._next = max(2, math.ceil(math.log(self._needed) / math.log(GROWTH)))
        self._is_done = None if is_wanted is None else ~is_wanted
        self.values = self._latest = torch.empty(0)

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
            sums = self._sums(*self._matrix(stride))[1]
            if self._is_done is not None:
                sums = sums.masked_fill(self._is_done[::stride], torch.inf)
            is_open = sums < self._needed  # nan never is
            if bool(is_open.any()):
                self._plan(float(sums[is_open].min()))
                return False
        matrix = self._matrix()
        if self._needed < TRUSTED:
            self._latest, sums = self._sums(*matrix, nearly(*matrix, self._factor))
        if self._needed >= TRUSTED or bool(self._open(sums).any()):
            self._latest, sums = self._sums(*matrix)
        is_open = self._open(sums)
        # One that is done keeps its value: its basis has gone on and decayed.
        if self._is_done is None or not len(self.values):
            self.values = self._latest
        else:
            self.values = torch.where(self._is_done, self.values, self._latest)
        self._is_done = ~is_open
        if is_last or not bool(is_open.any()):
            return True
        self._plan(float(sums[is_open].min()))
        return False

    def _open(self, sums: Tensor) -> Tensor:
        """(M,): not known to the tolerance; nan is, for it never will be."""
        is_open = sums < self._needed
        return is_open if self._is_done is None else is_open & ~self._is_done

    def vectors(self) -> Tensor:
        """(k, M): the eigenvectors in the basis."""
        return solved(self._latest * (1 + 1e-9) + ZERO, *self._matrix())

    def overlaps(self) -> Tensor:
        """(M,): by Bessel's inequality, which for T's own eigenvectors is an equation."""
        diagonal, beyond = self._matrix()
        ratios = torch.stack(pivots_of(self._latest, diagonal, beyond)[:-1]) / beyond[:-1]
        return (1 + ratios.cumprod(0).square().sum(0)).rsqrt()

    def _matrix(self, stride: int = 1) -> tuple[Tensor, Tensor]:
        parts = (self._diagonal, self._beyond)
        diagonal, beyond = (torch.stack([row[::stride] for row in part]) for part in parts)
        return diagonal, beyond

    def _sums(
        self, diagonal: Tensor, beyond: Tensor, values: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """λ₁ of T, (M,), and Σ p_j² a little above it; nan where not finite."""
        values = self._find(diagonal, beyond) if values is None else values
        pivots = torch.stack(pivots_of(values * self._factor + ZERO, diagonal, beyond))
        sums = 1 + (pivots / beyond).cumprod(0).square().sum(0)
        # Below T's own largest eigenvalue it says nothing.
        return values, sums.masked_fill((pivots <= 0).any(0), 0.0)

    def _plan(self, least: float) -> None:
        count = len(self._diagonal)
        wanted = 0.9 * count * math.log(self._needed) / math.log(max(least, 2.0))
        self._next = max(count + 1, min(int(wanted), 2 * count))


def _combined(basis: list[Tensor], shares: Tensor) -> Tensor:
    shares = (shares / shares.square().sum(0).sqrt()).to(basis[0].dtype)
    total = basis[0] * shares[0].unsqueeze(-1)
    for vector, share in zip(basis[1:], shares[1:], strict=True):
        total.addcmul_(share.unsqueeze(-1), vector)
    return unit(total)[0]


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
