"""LayerFlow: the gradients, Jacobians and transport of one recurrent layer.

Index legend: T timesteps, B recorded sequences, H hidden size, N state size (2H for an
LSTM, whose state is (h, c)), Q ≤ B probes. Row 0 of a time axis is t = 1.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Literal, cast

import torch
from torch import Tensor

from gradviz.cells import Linearisation, State
from gradviz.cells.lstm import LstmLinearisation
from gradviz.cells.rnn import bound, radius
from gradviz.flow.spectral import SpectralStart, spectral_norms, start_vectors
from gradviz.flow.steps import at, double, each_timestep, probed
from gradviz.flow.transport import SEGMENT, Transport

Kind = Literal["spectral", "frobenius"]

EIGEN_COST = 20
"""An eigendecomposition of size K takes as long as so many times K³ multiply-adds of a product."""

SQUARES = (1e-140, 1e150)
"""Norms whose squares float64 can hold."""

SAFE = (1e-15, 1e15)
"""Norms whose squares float32 can hold; beyond them float64 is asked again."""


class LayerFlow:
    """One layer of a watched pass. Everything is computed when first asked for.

    Attributes:
        cell_name: "rnn", "lstm" or "gru".
        hidden: (T, B, H) h_t.
        cell: (T, B, H) c_t of an LSTM, else None.
        gates: name to (T, B, H); empty for a plain RNN.
        weight_hh: (G·H, H), as it was in the forward pass.
    """

    def __init__(
        self,
        *,
        cell_name: str,
        hidden: Tensor,
        cell: Tensor | None,
        gates: dict[str, Tensor],
        linearisation: Linearisation,
        direct: Tensor,
        direct_last: tuple[Tensor, ...],
        weight_hh: Tensor,
    ) -> None:
        self.cell_name = cell_name
        self.hidden = hidden
        self.cell = cell
        self.gates = gates
        self.weight_hh = weight_hh
        self._linearisation = linearisation
        self._direct = direct
        self._direct_last = direct_last
        self._transports: dict[tuple[Kind, int | None, float], Tensor] = {}

    @property
    def state_size(self) -> int:
        """N."""
        return self.hidden.shape[-1] * self._parts

    @property
    def _parts(self) -> int:
        return 1 if self.cell is None else 2

    @cached_property
    def _totals(self) -> list[State]:
        """(B, H) a state part, from t = 1: δ_{t−1} = J_tᵀ δ_t + the direct term, in float64.

        float64, because the gradients of a float32 model fall below 1e-38 within a hundred
        timesteps and would read 0 (Pascanu et al. 2013, eq. 5, with the direct terms).
        """
        with torch.no_grad():
            direct = self._direct.double()
            last = tuple(each.double() for each in self._direct_last[: self._parts])
            state: State = (direct[-1] + last[0], *last[1:])
            states = [state]
            rows, steps = direct.unbind(), each_timestep(self._double)
            # The loss often reads the last timestep only; nothing is added at the others.
            is_added = (direct != 0).flatten(1).any(1).tolist()
            for index in range(len(rows) - 1, 0, -1):
                state = steps[index].vjp(state)
                if is_added[index - 1]:
                    state = (state[0] + rows[index - 1], *state[1:])
                states.append(state)
            states.reverse()
            return states

    @cached_property
    def _double(self) -> Linearisation:
        return double(self._linearisation)

    @cached_property
    def hidden_grad(self) -> Tensor:
        """(T, B, H) float64: ∂L/∂h_t through every path."""
        return torch.stack([state[0] for state in self._totals])

    @cached_property
    def _of_cell(self) -> Tensor:
        """(T, B, H) float64: ∂L/∂c_t but for the path through h_t."""
        return torch.stack([state[1] for state in self._totals])

    @property
    def cell_grad(self) -> Tensor:
        """(T, B, H) float64: ∂L/∂c_t through every path.

        Raises:
            ValueError: for a cell without a cell state.
        """
        if self.cell is None:
            raise ValueError(f"cell_grad is an LSTM's; this layer is a {self.cell_name}.")
        # h_t = o ⊙ tanh(c_t): the path through h_t of the same timestep is one of c_t's paths.
        steps = cast(LstmLinearisation, self._double)
        return torch.addcmul(self._of_cell, self.hidden_grad, steps.out)

    @cached_property
    def hidden_grad_norm(self) -> Tensor:
        """(T, B) float64: ‖∂L/∂h_t‖₂."""
        norm: Tensor = torch.linalg.vector_norm(self.hidden_grad, dim=-1)
        if bool(((norm > SQUARES[0]) & (norm < SQUARES[1])).all()):
            return norm
        # Entries below 1e-154 have squares of 0, those above 1e154 infinite ones.
        scale = self.hidden_grad.abs().amax(-1, keepdim=True)
        scale = torch.where(scale > 0, scale, 1.0)
        norm = torch.linalg.vector_norm(self.hidden_grad / scale, dim=-1)
        return norm * scale[..., 0]

    def input_grad(self) -> Tensor:
        """(T, B, G·H) float64: ∂L/∂(W_ih x_t + b_ih), which the layer below receives."""
        others = () if self.cell is None else (self._of_cell,)
        return self._double.input_grad((self.hidden_grad, *others))

    def jacobian(self, t: int) -> Tensor:
        """(B, N, N): J_t = ∂s_t/∂s_{t−1}, t = 1…T; s_0 is the initial state."""
        if not 1 <= t <= len(self.hidden):
            raise ValueError(f"t must be 1…{len(self.hidden)}, got {t}.")
        return self._dense(t - 1)

    def _dense(self, index: int, probes: int | None = None) -> Tensor:
        step = at(self._linearisation, index)
        batch, width = self.hidden.shape[1:]
        eye = torch.eye(self.state_size, dtype=self.hidden.dtype, device=self.hidden.device)
        columns = eye.unsqueeze(1).expand(-1, batch, -1).split(width, -1)
        jacobian = torch.cat(step.jvp(tuple(columns)), -1).permute(1, 2, 0)
        return jacobian[:probes]

    def jacobian_norm(
        self,
        kind: Kind = "spectral",
        *,
        probes: int | None = None,
        tolerance: float = 1e-5,
        warm: SpectralStart | None = None,
    ) -> Tensor:
        """(T, Q): norm of J_t.

        Args:
            kind: "spectral", σ_max, by Golub–Kahan–Lanczos; or "frobenius".
            probes: of the first so many sequences; None: all.
            tolerance: relative error of the spectral norm.
            warm: carries singular vectors from one call to the next.
        """
        with torch.no_grad():
            if kind == "frobenius":
                rows = [self._dense(t, probes) for t in range(len(self.hidden))]
                return torch.stack([torch.linalg.matrix_norm(row) for row in rows])
            norm = self._spectral_norms(self.hidden.dtype, probes, tolerance, warm)
            is_safe = bool(((norm > SAFE[0]) & (norm < SAFE[1])).all())
            if is_safe or self.hidden.dtype == torch.float64:
                return norm
            return self._spectral_norms(torch.float64, probes, tolerance, warm)

    def _spectral_norms(
        self, dtype: torch.dtype, probes: int | None, tolerance: float, warm: SpectralStart | None
    ) -> Tensor:
        steps = self._double if dtype == torch.float64 else self._linearisation
        steps = probed(steps, probes)
        width, like = self.hidden.shape[-1], self._states(probes).to(dtype)
        norms, vectors = spectral_norms(
            lambda vector: torch.cat(steps.jvp(vector.split(width, -1)), -1),
            lambda vector: torch.cat(steps.vjp(vector.split(width, -1)), -1),
            start_vectors(like, None if warm is None else warm.fitting(like)),
            tolerance,
        )
        if warm is not None:
            warm.vectors = vectors
        return norms

    def transport_log10(
        self, kind: Kind = "spectral", *, probes: int | None = None, tolerance: float = 1e-6
    ) -> Tensor:
        """(T, Q) float64: log10 ‖∂s_T/∂s_t‖; at t = T it is 0 (spectral) or log10 √N (Frobenius).

        It never under- or overflows; −∞ only where the product is exactly zero.

        Args:
            kind: "spectral" or "frobenius".
            probes: of the first so many sequences; None: all.
            tolerance: relative error of the norm.
        """
        key = (kind, probes, tolerance)
        if key not in self._transports:
            with torch.no_grad():
                transport = Transport(self._states(probes), self._parts, tolerance)
                steps = probed(self._linearisation, probes)
                self._transports[key] = transport.log10_norms(steps, spectral=kind == "spectral")
        return self._transports[key]

    def _states(self, probes: int | None) -> Tensor:
        """An empty (T, Q, N)."""
        timesteps, batch = self.hidden.shape[:2]
        batch = batch if probes is None else min(probes, batch)
        return self.hidden.new_empty(timesteps, batch, self.state_size)

    def gradient_horizon(self, *, probes: int | None = None, tolerance: float = 1e-6) -> Tensor:
        """(Q,): the least lag k with ‖∂s_T/∂s_{T−k}‖₂ ≤ 1/e; inf if there is none.

        Args:
            probes: of the first so many sequences; None: all.
            tolerance: of the transport, which is computed once for both.
        """
        transport = self.transport_log10("spectral", probes=probes, tolerance=tolerance)
        below = transport.flip(0) <= -math.log10(math.e)
        lags = below.int().argmax(0).double()
        return torch.where(below.any(0), lags, torch.full_like(lags, math.inf))

    @property
    def jacobian_bound(self) -> float | None:
        """Pascanu's γ‖W_hh‖₂ ≥ ‖J_t‖₂, for a plain RNN."""
        return bound(self.weight_hh) if self.cell_name == "rnn" else None

    @property
    def spectral_radius(self) -> float | None:
        """Largest |eigenvalue| of a plain RNN's W_hh. It is not the spectral norm."""
        return radius(self.weight_hh) if self.cell_name == "rnn" else None

    def dear_cost(self, probes: int | None = None) -> float:
        """About so many multiply-adds take the spectral norms and the transport together.

        A core does 1e10 to 4e10 of them a second. The rows that transport carries are taken
        as H, which an LSTM's 2H come down to within a few timesteps.
        """
        timesteps, batch = self._states(probes).shape[:2]
        width = self.hidden.shape[-1]
        norms = 8 * self.weight_hh.numel()
        product = width * self.weight_hh.numel()
        gram = width**2 * self.state_size + EIGEN_COST * width**3 / SEGMENT
        return float(timesteps * batch * (norms + product + gram))
