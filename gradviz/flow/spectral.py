"""Largest singular values of many matrices at once, from products with vectors only.

Golub–Kahan–Lanczos bidiagonalisation (Golub & Kahan 1965); the right vectors are
reorthogonalised, which is enough (Simon & Zha 2000, doi 10.1137/S1064827597327309).
"""

from __future__ import annotations

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
    rights, diagonal, beyond = [start], list[Tensor](), list[Tensor]()
    left = torch.zeros((), dtype=start.dtype, device=start.device)
    for count in range(1, size + 1):
        left = forward(rights[-1]) - (beyond[-1].unsqueeze(-1) * left if beyond else 0.0)
        left, alpha = _unit(left)
        diagonal.append(alpha)
        right, beta = _unit(_orthogonal(backward(left), rights))
        norm, ritz, residual = _leading(diagonal, beyond, beta)
        if count == size or not bool((residual > tolerance * norm + TINY).any()):
            break
        rights.append(right)
        beyond.append(beta)
    vectors = (ritz.unsqueeze(-2) @ torch.stack(rights, -2)).squeeze(-2)
    return norm, vectors


def start_vectors(like: Tensor, guess: Tensor | None) -> Tensor:
    """Unit vectors to start from, of the shape of `like`: a guess, or without one any.

    A guess is mixed with noise, for a vector exactly orthogonal to the leading one (the
    matrices may have become diagonal, or parted otherwise) would never find it.
    """
    own = torch.Generator().manual_seed(0)
    noise = torch.randn(like.shape[-1], generator=own).to(like) / like.shape[-1] ** 0.5
    if guess is None or guess.shape != like.shape or not bool(torch.isfinite(guess).all()):
        return _unit(noise.expand(like.shape))[0]
    return _unit(guess + NOISE * noise)[0]


NOISE = 0.3
"""Length of the noise beside a guess of length 1; measured: 0.1 costs the same products."""


def _unit(vector: Tensor) -> tuple[Tensor, Tensor]:
    length = torch.linalg.vector_norm(vector, dim=-1)
    return vector / length.clamp_min(TINY).unsqueeze(-1), length


def _orthogonal(vector: Tensor, basis: list[Tensor]) -> Tensor:
    stacked = torch.stack(basis, -2)
    for _ in range(2):
        share = stacked @ vector.unsqueeze(-1)
        vector = vector - (share.transpose(-1, -2) @ stacked).squeeze(-2)
    return vector


def _leading(
    diagonal: list[Tensor], beyond: list[Tensor], beta: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Largest singular value of the bidiagonal, its right vector, and the residual."""
    size = len(diagonal)
    small = diagonal[0].new_zeros(*diagonal[0].shape, size, size)
    for index, alpha in enumerate(diagonal):
        small[..., index, index] = alpha
        if index:
            small[..., index - 1, index] = beyond[index - 1]
    power = small.transpose(-1, -2) @ small
    # Repeated squaring: 2^12 power iterations of a tiny matrix, without LAPACK's loop over all.
    for _ in range(12):
        power = power / power.abs().amax((-2, -1), keepdim=True).clamp_min(TINY)
        power = power @ power
    column = torch.linalg.vector_norm(power, dim=-2).argmax(-1)
    index = column[..., None, None].expand(*column.shape, size, 1)
    ritz = power.gather(-1, index)[..., 0]
    ritz, _ = _unit(ritz)
    image = (small @ ritz.unsqueeze(-1))[..., 0]
    norm = torch.linalg.vector_norm(image, dim=-1)
    return norm, ritz, beta * image[..., -1].abs() / norm.clamp_min(TINY)
