"""Transport: the norms of P_t = ∂s_T/∂s_t = J_T J_{T−1} … J_{t+1} for every t.

The product goes backwards from T, is renormalised at every timestep (the logarithm of its
scale is carried), and loses rows as it collapses: after some timesteps most of its
singular values are negligible, for good (Oseledets' theorem), so P_t is kept as the few
rows U_tᵀ P_t with orthonormal U_t that still count. Measured for an LSTM of H = 64:
128 rows at first, 64 after 5 timesteps, 25 after 30, 10 after 75.

Index legend: T timesteps, Q probes, N state size, K ≤ N rows, S timesteps of a segment.
"""

from __future__ import annotations

import math
from functools import reduce
from itertools import pairwise

import torch
from torch import Tensor

from gradviz.cells import Linearisation, State
from gradviz.flow.spectral import TINY, spectral_norms, start_vectors
from gradviz.flow.steps import each_timestep, spread

FIRST, SEGMENT = 6, 16
"""Timesteps before the first look at the rows, and between two; their norms are found at once."""

GRAM_RESOLUTION = 1e-7
"""Relative size of the least singular value that a Gram matrix in float64 still shows."""

DROP_SHARE = 1e-3
"""Rows are dropped below this share of the tolerance, so that they may grow back by as much."""


class Transport:
    """The running product of the probes' Jacobians, from t = T down to t = 1."""

    def __init__(self, like: Tensor, widths: tuple[int, ...], tolerance: float) -> None:
        """Start at P_T = I.

        Args:
            like: (T, Q, N) of the wanted dtype and device.
            widths: sizes of the state's parts.
            tolerance: relative error of the norms.
        """
        self._widths, self._tolerance = widths, tolerance
        _, probes, size = like.shape
        eye = torch.eye(size, dtype=like.dtype, device=like.device)
        self._rows: State = eye.expand(probes, -1, -1).contiguous().split(widths, -1)
        self._log = like.new_zeros(probes, dtype=torch.float64)
        self._guess: Tensor | None = None
        self._drop = max(DROP_SHARE * tolerance, torch.finfo(like.dtype).eps)

    def log10_norms(self, steps: Linearisation, *, spectral: bool) -> Tensor:
        """(T, Q) float64, of the spectral or else the Frobenius norm.

        Args:
            steps: the probes' Jacobians.
            spectral: False: Frobenius.
        """
        backwards = each_timestep(spread(steps))[:0:-1]
        size = sum(each.shape[-1] for each in self._rows)
        found = [torch.full_like(self._log, 0.0 if spectral else math.log10(size) / 2)[None]]
        # An LSTM's rows are halved within the first few timesteps.
        cuts = {0, *range(FIRST, len(backwards), SEGMENT), len(backwards)}
        for first, end in pairwise(sorted(cuts)):
            products, logs = self._through(backwards[first:end])
            norms = self._norms(products, spectral=spectral)
            found.append(norms.double().log10() + logs)
            if self._drop >= GRAM_RESOLUTION:
                self._compress(products[-1])
        return torch.cat(found).flip(0)

    def _through(self, steps: list[Linearisation]) -> tuple[Tensor, Tensor]:
        """Products (S, Q, K, N) with largest entry 1, and (S, Q) log10 of their scales."""
        states, scales = [], []
        for step in steps:
            rows = step.vjp(self._rows)
            scale = reduce(torch.maximum, [_largest(each) for each in rows])
            # A product that has become zero stays zero; its logarithm is −∞.
            divisor = scale.clamp_min(TINY)
            self._rows = tuple(each / divisor for each in rows)
            states.append(self._rows)
            scales.append(scale)
        logs = self._log + torch.stack(scales)[..., 0, 0].double().log10().cumsum(0)
        self._log = logs[-1]
        return torch.cat([torch.stack(part) for part in zip(*states, strict=True)], -1), logs

    def _norms(self, products: Tensor, *, spectral: bool) -> Tensor:
        if not spectral:
            frobenius: Tensor = torch.linalg.matrix_norm(products)
            return frobenius
        # Of the smaller Gram matrix: half the memory to go through, and squared gaps.
        gram = products @ products.transpose(-1, -2)

        def product(vector: Tensor) -> Tensor:
            # A row times a matrix: six times as fast as the matrix times a column.
            return (vector.unsqueeze(-2) @ gram).squeeze(-2)

        start = start_vectors(gram[..., 0], self._guess)
        return spectral_norms(product, product, start, self._tolerance)[0].sqrt()

    def _compress(self, product: Tensor) -> None:
        """Rotate to the left singular vectors and drop the rows that no longer count."""
        double = product.double()
        gram = double @ double.transpose(-1, -2)
        if not bool(torch.isfinite(gram).all()):
            return
        values, vectors = torch.linalg.eigh(gram)
        counted = values > self._drop**2 * values[:, -1:]
        kept = max(int(counted.sum(-1).max()), 1)
        rotation = vectors[..., -kept:].flip(-1).transpose(-1, -2).to(product.dtype)
        self._rows = (rotation @ product).split(self._widths, -1)
        # All directions by their weight: the leading one alone would miss that another, a
        # few percent smaller now, has overtaken it some timesteps on.
        sizes = values[..., -kept:].flip(-1).clamp_min(0).sqrt()
        self._guess = (sizes / torch.linalg.vector_norm(sizes, dim=-1, keepdim=True)).to(product)


def _largest(rows: Tensor) -> Tensor:
    """(Q, 1, 1), of the entries' magnitudes."""
    largest: Tensor = rows.abs().amax((-2, -1), keepdim=True)
    return largest
