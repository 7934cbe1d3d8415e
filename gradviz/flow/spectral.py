"""Spectral norms of all step Jacobians at once, matrix-free.

Golub–Kahan–Lanczos bidiagonalisation (Golub & Kahan 1965) with full reorthogonalisation on
vjp and jvp products, for all (t, b) together; started from the vectors of the call before.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradviz.cells import Linearisation


@dataclass
class SpectralStart:
    """The leading right singular vectors of the call before, (T, Q, N)."""

    vectors: Tensor | None = None


def spectral_norms(
    steps: Linearisation, like: Tensor, parts: int, tolerance: float, warm: SpectralStart | None
) -> Tensor:
    """σ_max(J_t) of all (t, b), (T, Q).

    Args:
        steps: the Jacobians.
        like: an empty (T, Q, N) tensor of the wanted dtype and device.
        parts: 1, or 2 for a state (h, c).
        tolerance: relative error, by the residual of the Ritz value.
        warm: start vectors; takes the new ones.
    """
    size = like.shape[-1]
    width = size // parts
    vector = _start(like, warm)
    rights: list[Tensor] = [vector]
    lefts: list[Tensor] = []
    diagonal: list[Tensor] = []
    beyond: list[Tensor] = []
    norm = like.new_zeros(like.shape[:-1])
    for count in range(1, min(size, 60) + 1):
        left = torch.cat(steps.jvp(tuple(rights[-1].split(width, -1))), -1)
        left = _orthogonal(left, lefts)
        alpha = torch.linalg.vector_norm(left, dim=-1)
        lefts.append(left / alpha.clamp_min(1e-30).unsqueeze(-1))
        diagonal.append(alpha)
        right = torch.cat(steps.vjp(tuple(lefts[-1].split(width, -1))), -1)
        right = _orthogonal(right, rights)
        beta = torch.linalg.vector_norm(right, dim=-1)
        norm, ritz, residual = _leading(diagonal, beyond, beta)
        if count == size or bool((residual <= tolerance * norm + 1e-30).all()):
            break
        rights.append(right / beta.clamp_min(1e-30).unsqueeze(-1))
        beyond.append(beta)
    if warm is not None:
        kept = torch.stack(rights[: len(diagonal)], -1)
        warm.vectors = (kept @ ritz.unsqueeze(-1))[..., 0]
    return norm


def _start(like: Tensor, warm: SpectralStart | None) -> Tensor:
    if warm is not None and warm.vectors is not None and warm.vectors.shape == like.shape:
        vector = warm.vectors
    else:
        own = torch.Generator().manual_seed(0)
        vector = torch.randn(like.shape[-1], generator=own).to(like).expand_as(like)
    norm: Tensor = torch.linalg.vector_norm(vector, dim=-1, keepdim=True)
    return vector / norm.clamp_min(1e-30)


def _orthogonal(vector: Tensor, basis: list[Tensor]) -> Tensor:
    if basis:
        stacked = torch.stack(basis, -1)
        for _ in range(2):
            share = (vector.unsqueeze(-2) @ stacked)[..., 0, :]
            vector = vector - (stacked @ share.unsqueeze(-1))[..., 0]
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
    gram = small.transpose(-1, -2) @ small
    power = gram
    # Repeated squaring: 2^12 power iterations of a tiny matrix, without LAPACK's loop over all.
    for _ in range(12):
        power = power / power.abs().amax((-2, -1), keepdim=True).clamp_min(1e-30)
        power = power @ power
    column = torch.linalg.vector_norm(power, dim=-2).argmax(-1)
    index = column[..., None, None].expand(*column.shape, size, 1)
    ritz = power.gather(-1, index)[..., 0]
    ritz = ritz / torch.linalg.vector_norm(ritz, dim=-1, keepdim=True).clamp_min(1e-30)
    image = (small @ ritz.unsqueeze(-1))[..., 0]
    norm = torch.linalg.vector_norm(image, dim=-1)
    return norm, ritz, beta * image[..., -1].abs() / norm.clamp_min(1e-30)
