"""Transport: the norms of P_t = ∂s_T/∂s_t = J_T J_{T−1} … J_{t+1} for every t.

The product goes backwards from T, is renormalised at every timestep (the logarithm of its
scale is carried), and loses rows as it collapses: after some timesteps most of its
singular values are negligible, for good (Oseledets' theorem), so P_t is kept as the few
rows U_tᵀ P_t with orthonormal U_t that still count. Measured for an LSTM of H = 64:
128 rows at first, 64 after 5 timesteps, 25 after 30, 10 after 75.

Index legend: T timesteps, Q probes, N state size, K ≤ N rows, S timesteps of a segment.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gradviz.cells import Linearisation, State
from gradviz.flow.spectral import spectral_norms, start_vectors
from gradviz.flow.steps import each_timestep, spread

SEGMENT = 8
"""Timesteps between two looks at the rows; also those whose norms are found at once."""

GRAM_RESOLUTION = 1e-7
"""Relative size of the least singular value that a Gram matrix in float64 still shows."""

DROP_SHARE = 1e-3
"""Rows are dropped below this share of the tolerance, so that they may grow back by as much."""


class Transport:
    """The running product of the probes' Jacobians, from t = T down to t = 1."""

    def __init__(self, like: Tensor, parts: int, tolerance: float) -> None:
        """Start at P_T = I.

        Args:
            like: (T, Q, N) of the wanted dtype and device.
            parts: 1, or 2 for a state (h, c).
            tolerance: relative error of the norms.
        """
        self._parts, self._tolerance = parts, tolerance
        _, probes, size = like.shape
        eye = torch.eye(size, dtype=like.dtype, device=like.device)
        self._rows: State = eye.expand(probes, -1, -1).contiguous().split(size // parts, -1)
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
        found = [self._norms(torch.cat(self._rows, -1).unsqueeze(0), spectral=spectral).log10()]
        for first in range(0, len(backwards), SEGMENT):
            products, logs = self._through(backwards[first : first + SEGMENT])
            norms = self._norms(products, spectral=spectral)
            found.append(norms.double().log10() + logs)
            if self._drop >= GRAM_RESOLUTION:
                self._compress(products[-1])
        return torch.cat([each.double() for each in found]).flip(0)

    def _through(self, steps: list[Linearisation]) -> tuple[Tensor, Tensor]:
        """Products (S, Q, K, N) with largest entry 1, and (S, Q) log10 of their scales."""
        products, logs = [], []
        for step in steps:
            self._rows = step.vjp(self._rows)
            scale = torch.stack([each.abs().amax((-2, -1)) for each in self._rows]).amax(0)
            self._log = self._log + scale.double().log10()
            # A product that has become zero stays zero; its logarithm is −∞.
            scale = torch.where(scale > 0, scale, 1.0)[:, None, None]
            self._rows = tuple(each / scale for each in self._rows)
            products.append(torch.cat(self._rows, -1))
            logs.append(self._log)
        return torch.stack(products), torch.stack(logs)

    def _norms(self, products: Tensor, *, spectral: bool) -> Tensor:
        if not spectral:
            frobenius: Tensor = torch.linalg.matrix_norm(products)
            return frobenius
        like = products[..., 0, :]
        guess = None if self._guess is None else (self._guess.unsqueeze(-2) @ products).squeeze(-2)
        norms, vectors = spectral_norms(
            lambda vector: (products @ vector.unsqueeze(-1)).squeeze(-1),
            lambda vector: (vector.unsqueeze(-2) @ products).squeeze(-2),
            start_vectors(like, guess),
            self._tolerance,
        )
        left = (products[-1] @ vectors[-1].unsqueeze(-1)).squeeze(-1)
        self._guess = left / norms[-1].clamp_min(1e-30).unsqueeze(-1)
        return norms

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
        rows = rotation @ product
        self._rows = rows.split(product.shape[-1] // self._parts, -1)
        if self._guess is not None:
            self._guess = (rotation @ self._guess.unsqueeze(-1)).squeeze(-1)
