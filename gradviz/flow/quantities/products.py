"""Products of many matrices in the log domain, and the norms of all of them.

Index legend: T timesteps, Q probes, K rows, N state size, S timesteps of a segment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from itertools import islice
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from gradviz.cells import Linearisation, State
from gradviz.flow.spectral import spectral_norms
from gradviz.flow.squaring import SMALL, largest_by_squares
from gradviz.flow.steps import cast, probed

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow

Kind = Literal["spectral", "frobenius"]

SEGMENT = 16
"""Products whose norms are found at once."""

COARSE = 1e-3
"""Relative error from which on repeated squaring is faster than Lanczos, by three times at 1 %."""


def double_steps(flow: LayerFlow, probes: int | None = None) -> Linearisation:
    """The Jacobians of the first so many sequences in float64, in the order read."""
    return probed(cast(flow.steps, torch.float64), probes)


def renormalised(
    state: State, steps: Iterable[Callable[[State], State]]
) -> Iterator[tuple[State, Tensor]]:
    """The state before and after each step, with largest entry 1, and its log10 scale (Q,).

    Args:
        state: (Q, K, ·) for each part; its rows are multiplied one by one.
        steps: linear maps.
    """
    log = torch.zeros_like(state[0][:, 0, 0])
    yield state, log
    for step in steps:
        state = step(state)
        largest = [part.abs().amax((-2, -1), keepdim=True) for part in state]
        scale = reduce(torch.maximum, largest)
        # A product that has become zero stays zero; its logarithm is −∞.
        state = tuple(part / torch.where(scale == 0, 1.0, scale) for part in state)
        log = log + scale[:, 0, 0].log10()
        yield state, log


def log10_norms(products: Iterator[tuple[Tensor, Tensor]], kind: Kind, tolerance: float) -> Tensor:
    """(T, Q): log10 of the norm of each matrix (Q, K, N) times 10 to its (Q,) logarithm."""
    found = []
    while segment := list(islice(products, SEGMENT)):
        matrices, logs = (torch.stack(each) for each in zip(*segment, strict=True))
        found.append(_norms(matrices, kind, tolerance).log10() + logs)
    return torch.cat(found)


def _norms(matrices: Tensor, kind: Kind, tolerance: float) -> Tensor:
    """(S, Q) of (S, Q, K, N)."""
    if kind == "frobenius":
        frobenius: Tensor = torch.linalg.matrix_norm(matrices)
        return frobenius
    gram = matrices @ matrices.mT
    if gram.shape[-1] <= SMALL and tolerance >= COARSE:
        squares = largest_by_squares(gram.flatten(0, 1), tolerance).unflatten(0, gram.shape[:2])
        roots: Tensor = squares.sqrt().masked_fill((matrices == 0).all(-1).all(-1), 0.0)
        return roots

    def product(vector: Tensor) -> Tensor:
        return (vector.unsqueeze(-2) @ gram).squeeze(-2)

    return spectral_norms(product, gram[..., 0], tolerance)
