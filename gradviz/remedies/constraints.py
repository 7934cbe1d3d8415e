"""Constraints on weights: after every step they are projected back onto what is allowed.

Each gate's block of H rows stands alone, w being the row of one unit, c the limit:

    max_norm      w ← w · min(1, c/‖w‖)     (Srebro & Shraibman 2005; Srivastava et al. 2014, §5.1)
    unit_norm     w ← w / ‖w‖               (a row of zeros, which has no direction, stays)
    non_negative  w ← max(w, 0)             (Chorowski & Zurada 2015)
    spectral      W ← U min(Σ, c) Vᵀ        (Sedghi, Gupta & Long 2019, arXiv 1805.10408)

Each gives the nearest allowed matrix. So the spectral one clips the singular values that are too
large and leaves the others: to divide all of W by σ_max/c would shrink these too. What is projected
is W_ih and W_hh apart from each other, where Srivastava et al. take all that goes into a unit. A
gate's bias vector is one row as a whole.

J_t = diag(φ′) W_hh of a plain RNN has ‖J_t‖₂ ≤ γσ_max(W_hh) with γ = max φ′ (Pascanu, Mikolov &
Bengio 2013, arXiv 1211.5063, §2.1): capped at 1/γ its gradient cannot explode from timestep to
timestep, and capped below that it must vanish. Of a cell with gates a cap is no such bound.

Index legend: G gates of a cell, H hidden size, I columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor


@torch.no_grad()
def constrain(parameters: Iterable[Tensor], kind: str, limit: float, hidden_size: int) -> None:
    """Project parameters in place.

    What holds a number that is not finite stays as it is, for the failure to be told of it.

    Args:
        parameters: (G·H, I) matrices, or (G·H,) vectors.
        kind: "none"; or as above.
        limit: c.
        hidden_size: H.
    """
    if kind == "none":
        return
    for parameter in parameters:
        is_vector = parameter.dim() == 1
        rows, columns = (1, hidden_size) if is_vector else (hidden_size, parameter.shape[1])
        PROJECTIONS[kind](parameter.view(-1, rows, columns), limit)


def _max_norm(blocks: Tensor, limit: float) -> None:
    norms = _norms(blocks)
    _scale(blocks, torch.where(norms > limit, limit / norms, 1.0))


def _unit_norm(blocks: Tensor, limit: float) -> None:
    norms = _norms(blocks)
    _scale(blocks, torch.where(norms > 0, 1 / norms, 1.0))


def _non_negative(blocks: Tensor, limit: float) -> None:
    blocks.clamp_(min=0)


def _spectral(blocks: Tensor, limit: float) -> None:
    for block in blocks:
        values = block.double()
        if not bool(values.isfinite().all()):
            continue
        # Singular values alone take a third of the time, and often none is too large.
        if float(torch.linalg.matrix_norm(values, 2)) > limit:
            left, sizes, right = torch.linalg.svd(values, full_matrices=False)
            block.copy_((left * sizes.clamp(max=limit)) @ right)


PROJECTIONS: Mapping[str, Callable[[Tensor, float], None]] = MappingProxyType(
    {
        "max_norm": _max_norm,
        "unit_norm": _unit_norm,
        "non_negative": _non_negative,
        "spectral": _spectral,
    }
)
"""Of blocks (G, H, I), in place; of a vector (G, 1, H)."""


def _norms(blocks: Tensor) -> Tensor:
    """(G, H, 1) float64 of each row, in which float32 entries of 1e-25 still have squares."""
    norms: Tensor = torch.linalg.vector_norm(blocks, dim=-1, keepdim=True, dtype=torch.float64)
    return norms


def _scale(blocks: Tensor, factors: Tensor) -> None:
    """Each row by its factor, where that is finite."""
    is_finite = factors.isfinite() & (factors > 0)
    blocks.copy_(blocks * factors.where(is_finite, 1.0))
