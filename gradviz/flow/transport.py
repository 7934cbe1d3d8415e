"""Transport: the norms of P_t = ∂s_T/∂s_t = J_T J_{T−1} … J_{t+1} for every t.

The product goes backwards from T, is renormalised at every timestep (the logarithm of its
scale is carried), and loses rows as it collapses: after some timesteps most of its
singular values are negligible (Oseledets' theorem), so P_t is kept as the few rows
U_tᵀ P_t with orthonormal U_t that still count. What is dropped may grow again, as where an
LSTM's leading unit forgets; so random sums of it are carried along, and where they come to
count all is computed again with more rows. Measured for an LSTM of H = 64: 128 rows at
first, 64 after 3 timesteps, 33 after 12, 10 after 48.

Index legend: T timesteps, Q probes, N state size, K ≤ N rows, S timesteps of a segment,
W witnesses.
"""

from __future__ import annotations

import math
from functools import reduce
from itertools import pairwise

import torch
from torch import Tensor

from gradviz.cells import Linearisation, State
from gradviz.flow.spectral import TINY, spectral_norms
from gradviz.flow.squaring import SMALL, largest_by_squares
from gradviz.flow.steps import cast, each_timestep, spread

SEGMENT = 16
"""Most timesteps between two looks at the rows; the norms of a segment are found at once."""

SAFE = (1e-4, 1e4)
"""Largest entries between which a product is not scaled again."""

DROPS = (0.1, 0.001)
"""Rows are dropped that amount to this share of what would matter: at first; after an alarm."""

WITNESSES = 4
"""W. Random sums of what is dropped: together 4 times too small one time in 140."""

GRAM_RESOLUTION = 1e-7
"""Relative size of the least singular value that a Gram matrix in float64 still shows."""

SINGLE = 3e-3
"""The same in float32."""


def transport_log10(
    steps: Linearisation,
    like: Tensor,
    widths: tuple[int, ...],
    tolerance: float,
    *,
    spectral: bool,
) -> Tensor:
    """(T, Q) float64: log10 ‖P_t‖.

    Args:
        steps: the probes' Jacobians.
        like: (T, Q, N) of the wanted dtype and device.
        widths: sizes of the state's parts.
        tolerance: relative error of the norms.
        spectral: False: the Frobenius norm.
    """
    # ‖P‖² ≤ ‖kept‖² + ‖dropped‖²
    mattering = math.sqrt(tolerance)
    backwards = each_timestep(spread(steps))[:0:-1]
    for share in DROPS:
        product = _Product(like, widths, tolerance, mattering, share * mattering)
        found = product.log10_norms(backwards, spectral=spectral)
        if found is not None:
            return found
    backwards = each_timestep(spread(cast(steps, torch.float64)))[:0:-1]
    product = _Product(like.double(), widths, tolerance, math.inf, 0.0)
    found = product.log10_norms(backwards, spectral=spectral)
    assert found is not None, "nothing was dropped"
    return found


class _Product:
    """The running product of the probes' Jacobians, from t = T down to t = 1."""

    def __init__(
        self,
        like: Tensor,
        widths: tuple[int, ...],
        tolerance: float,
        mattering: float,
        drop: float,
    ) -> None:
        """Start at P_T = I."""
        # Half of it for the norms, half for the rows that are dropped.
        self._widths, self._tolerance = widths, tolerance / 2
        self._mattering, self._drop = mattering, drop
        _, self._probes, self._size = like.shape
        eye = torch.eye(self._size, dtype=like.dtype, device=like.device)
        self._rows = self._split(eye.expand(self._probes, -1, -1).contiguous())
        self._log = like.new_zeros(self._probes, dtype=torch.float64)
        self._kept = self._size
        self._random = torch.Generator().manual_seed(0)

    def log10_norms(self, backwards: list[Linearisation], *, spectral: bool) -> Tensor | None:
        """(T, Q) float64; None where rows that were dropped have come to count."""
        found = [torch.full_like(self._log, 0.0 if spectral else math.log10(self._size) / 2)[None]]
        for first, end in pairwise(_cuts(len(backwards), len(self._widths))):
            products, logs = self._through(backwards[first:end])
            kept, witnesses = products.split((self._kept, products.shape[-2] - self._kept), -2)
            norms = self._norms(kept) if spectral else _frobenius(kept)
            limit = self._mattering * WITNESSES**0.5 * norms
            if bool((_frobenius(witnesses) > limit).any()):
                return None
            found.append(norms.double().log10() + logs)
            if self._drop >= GRAM_RESOLUTION:
                self._compress(kept[-1], witnesses[-1])
        return torch.cat(found).flip(0)

    def _split(self, rows: Tensor) -> State:
        parts: State = rows.split(self._widths, -1)
        return parts

    def _through(self, steps: list[Linearisation]) -> tuple[Tensor, Tensor]:
        """Products (S, Q, K + W, N) with largest entry 1, and (S, Q) log10 of their scales."""
        states, scales = [], []
        for step in steps:
            self._rows = step.vjp(self._rows)
            scale = reduce(torch.maximum, [_largest(each) for each in self._rows])
            if bool(((scale < SAFE[0]) | (scale > SAFE[1])).any()):
                # A product that has become zero stays zero; its logarithm is −∞.
                divisor = scale.clamp_min(TINY)
                self._rows = tuple(each / divisor for each in self._rows)
            else:
                scale = torch.ones_like(scale)
            states.append(self._rows)
            scales.append(scale)
        logs = self._log + torch.stack(scales)[..., 0, 0].double().log10().cumsum(0)
        self._log = logs[-1]
        return torch.cat([torch.stack(part) for part in zip(*states, strict=True)], -1), logs

    def _norms(self, products: Tensor) -> Tensor:
        # Of the smaller Gram matrix: half the memory to go through.
        gram = (products @ products.transpose(-1, -2)).flatten(0, 1)
        if gram.shape[-1] <= SMALL:
            roots = largest_by_squares(gram, self._tolerance).sqrt()
        else:
            # A row times a matrix: six times as fast as the matrix times a column.
            roots = spectral_norms(
                lambda vector: (vector.unsqueeze(-2) @ gram).squeeze(-2),
                gram[..., 0],
                self._tolerance,
            )
        norms: Tensor = roots.unflatten(0, products.shape[:2])
        return norms

    def _compress(self, kept: Tensor, witnesses: Tensor) -> None:
        """Rotate to the left singular vectors and drop the rows that no longer count."""
        gram = kept if self._drop >= SINGLE else kept.double()
        gram = gram @ gram.transpose(-1, -2)
        if not bool(gram.sum().isfinite()):
            return
        values, vectors = torch.linalg.eigh(gram)
        counted = values.clamp_min(0).cumsum(-1) > self._drop**2 * values[:, -1:]
        self._kept = max(int(counted.sum(-1).max()), 1)
        rotated = vectors.transpose(-1, -2).to(kept.dtype) @ kept
        dropped, kept = rotated.split((len(counted[0]) - self._kept, self._kept), -2)
        shape = (self._probes, WITNESSES, dropped.shape[-2])
        sums = torch.randn(shape, generator=self._random).to(kept) @ dropped
        witnesses = sums + witnesses if witnesses.shape[-2] else sums
        self._rows = self._split(torch.cat([kept, witnesses], -2))


def _cuts(steps: int, parts: int) -> list[int]:
    """Ends of the segments: products of half as many rows come to be after 3 or 8 timesteps."""
    looks = [3, 8] if parts == 2 else [8]
    looks += range(SEGMENT, steps, SEGMENT)
    return sorted({0, *(each for each in looks if each < steps), steps})


def _frobenius(rows: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.matrix_norm(rows)
    return norm


def _largest(rows: Tensor) -> Tensor:
    """(Q, 1, 1), of the entries' magnitudes."""
    largest: Tensor = rows.abs().amax((-2, -1), keepdim=True)
    return largest
