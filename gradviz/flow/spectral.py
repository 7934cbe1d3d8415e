"""Largest singular values of many matrices at once, from products with vectors only.

Golub–Kahan–Lanczos bidiagonalisation (Golub & Kahan 1965); the right vectors are
reorthogonalised, which is enough (Simon & Zha 2000, doi 10.1137/S1064827597327309).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Product = Callable[[Tensor], Tensor]

TINY = 1e-30
"""Stands for a zero that is divided by; far below the rounding of what it is added to."""


@dataclass
class SpectralStart:
    """The leading right singular vectors of the call before, (T, Q, N)."""

    vectors: Tensor | None = None

    def fitting(self, like: Tensor) -> Tensor | None:
        """Those of the first probes, in the dtype asked for; None where they do not fit."""
        if self.vectors is None:
            return None
        vectors = self.vectors[:, : like.shape[1]]
        return vectors.to(like) if vectors.shape == like.shape else None


def spectral_norms(
    forward: Product, backward: Product, start: Tensor, tolerance: float
) -> tuple[Tensor, Tensor]:
    """σ_max of each of the matrices A, and its right singular vector.

    Args:
        forward: (…, N) v to A v.
        backward: (…, M) u to Aᵀ u.
        start: (…, N) of length 1.
        tolerance: relative error, by the residual of the Ritz value.

    Returns:
        (…) and (…, N). Where numbers are not finite the norm is nan.
    """
    size = start.shape[-1]
    tolerance = max(tolerance, 4 * torch.finfo(start.dtype).eps)
    rights, diagonal, beyond = [start], list[Tensor](), list[Tensor]()
    left = torch.zeros((), dtype=start.dtype, device=start.device)
    for count in range(1, size + 1):
        left = forward(rights[-1]) - (beyond[-1].unsqueeze(-1) * left if beyond else 0.0)
        left, alpha = _unit(left)
        diagonal.append(alpha)
        right, beta = _unit(_orthogonal(backward(left), rights))
        norm, ritz, residual = _leading(diagonal, beyond, beta, tolerance)
        # A rule by how little the norm still grows was 14 % wrong where it paused for a while.
        if count == size or not bool((residual > tolerance * norm + TINY).any()):
            break
        rights.append(right)
        beyond.append(beta)
    shares = ritz.unsqueeze(-1).unbind(-2)
    return norm, sum(
        (share * right for share, right in zip(shares, rights, strict=True)),
        torch.zeros_like(start),
    )


def start_vectors(like: Tensor, guess: Tensor | None) -> Tensor:
    """Unit vectors to start from, of the shape of `like`: a guess, or without one any.

    A guess is mixed with noise, for a vector exactly orthogonal to the leading one (the
    matrices may have become diagonal, or parted otherwise) would never find it.
    """
    own = torch.Generator().manual_seed(0)
    noise = torch.randn(like.shape[-1], generator=own).to(like) / like.shape[-1] ** 0.5
    if guess is None or guess.shape[-1] != like.shape[-1] or not bool(torch.isfinite(guess).all()):
        return _unit(noise.expand(like.shape))[0]
    return _unit((guess + NOISE * noise).expand(like.shape))[0]


NOISE = 0.3
"""Length of the noise beside a guess of length 1; measured: 0.1 costs the same products."""


def _unit(vector: Tensor) -> tuple[Tensor, Tensor]:
    length = torch.linalg.vector_norm(vector, dim=-1)
    return vector / length.clamp_min(TINY).unsqueeze(-1), length


def _orthogonal(vector: Tensor, basis: list[Tensor]) -> Tensor:
    """Gram–Schmidt, twice: after one pass matrices that converged early went wrong by 27 %."""
    for _ in range(2):
        for each in basis:
            share = torch.linalg.vecdot(each, vector).unsqueeze(-1)
            vector = torch.addcmul(vector, share, each, value=-1)
    return vector


def _leading(
    diagonal: list[Tensor], beyond: list[Tensor], beta: Tensor, tolerance: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Largest singular value of the bidiagonal, its right vector, and the residual."""
    if not beyond:
        return diagonal[0], torch.ones_like(beta).unsqueeze(-1), beta
    small = torch.diag_embed(torch.stack(diagonal, -1))
    small += torch.diag_embed(torch.stack(beyond, -1), 1)
    scaled = small / small.amax((-2, -1), keepdim=True).clamp_min(TINY)
    power = scaled.transpose(-1, -2) @ scaled
    # Repeated squaring: power iteration of a tiny matrix, without LAPACK's loop over all.
    for count in range(max(6, math.ceil(-math.log2(tolerance)))):
        # With a trace of 1 two squarings cannot underflow.
        if count % 2 == 0:
            trace = power.diagonal(dim1=-2, dim2=-1).sum(-1)
            power = power / trace.clamp_min(TINY)[..., None, None]
        power = power @ power
    column = torch.linalg.vector_norm(power, dim=-2).argmax(-1)
    index = column[..., None, None].expand(*column.shape, len(diagonal), 1)
    ritz, _ = _unit(power.gather(-1, index)[..., 0])
    image = (small @ ritz.unsqueeze(-1))[..., 0]
    norm = torch.linalg.vector_norm(image, dim=-1)
    return norm, ritz, beta * image[..., -1].abs() / norm.clamp_min(TINY)
