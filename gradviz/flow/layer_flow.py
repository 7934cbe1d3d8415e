"""LayerFlow: the gradients, Jacobians and transport of one recurrent layer.

Index legend: T timesteps, B recorded sequences, P size of h_t (H, or an LSTM's proj_size),
H hidden size, N state size (2H for an LSTM, whose state is (h, c)), Q ≤ B probes.

Row 0 of a time axis is t = 1, the sequence's first timestep, in both directions. Where a
direction is reversed the state before s_t is s_{t+1}, and the last state is s_1. Of a packed
batch, timesteps behind a sequence's end are nan (in states and their gradients 0).
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from gradviz.cells import Replay
from gradviz.cells.lstm import LstmLinearisation
from gradviz.cells.rnn import bound, radius
from gradviz.flow.measured import measured
from gradviz.flow.order import Order
from gradviz.flow.quantities import (
    cell_transport_log10,
    forget_path,
    forget_product_log10,
    gate_saturation,
    gradient_snr,
    jacobian_eigenvalues,
    jacobian_singular_values,
    lyapunov_exponents,
    transport_condition_log10,
    update_leak,
    weight_grad_by_timestep,
)
from gradviz.flow.quantities.split import Split
from gradviz.flow.scaled import Scaled
from gradviz.flow.spectral import SpectralStart, spectral_norms, start_vectors
from gradviz.flow.steps import Ended, cast, picked, probed
from gradviz.flow.total_gradient import Direct, TotalGradient, total_gradient
from gradviz.flow.transport import SEGMENT, Transport

Kind = Literal["spectral", "frobenius"]

EIGEN_COST = 20
"""An eigendecomposition of size K takes as long as so many times K³ multiply-adds of a product."""

SAFE = (1e-15, 1e15)
"""Norms whose squares float32 can hold; beyond them float64 is asked again."""


class LayerFlow:
    """One layer and direction of a watched pass. Everything is computed when first asked for.

    Attributes:
        cell_name: "rnn", "lstm" or "gru".
        hidden: (T, B, P) h_t.
        cell: (T, B, H) c_t of an LSTM, else None.
        gates: name to (T, B, H); empty for a plain RNN.
        weight_hh: (G·H, P), as it was in the forward pass.
        order: how the layer read the sequence.
    """

    def __init__(
        self,
        *,
        cell_name: str,
        before: Tensor,
        hidden: Tensor,
        replay: Replay,
        direct: Direct,
        order: Order,
    ) -> None:
        """All in the order in which the layer read.

        Args:
            cell_name: "rnn", "lstm" or "gru".
            before: (T, B, P) h_{t−1}.
            hidden: (T, B, P) h_t.
            replay: the cell's.
            direct: gradients that come from outside the recurrence.
            order: of the timesteps.
        """
        steps = replay.linearisation
        self.cell_name = cell_name
        self.order = order
        self.hidden = order.placed(hidden, 0.0)
        self.cell = None if replay.cell is None else order.placed(replay.cell, 0.0)
        self.gates = {name: order.placed(gate) for name, gate in replay.gates.items()}
        self.weight_hh = steps.weight
        self.before = before
        self._plain = steps
        self.steps = steps if order.is_on is None else Ended(steps, order.is_on.unsqueeze(-1))
        self._direct = direct
        self._transports: dict[tuple[Kind, int | None, float], Tensor] = {}

    @property
    def widths(self) -> tuple[int, ...]:
        """Sizes of the state's parts: (P,) or (P, H)."""
        parts = (self.hidden,) if self.cell is None else (self.hidden, self.cell)
        return tuple(part.shape[-1] for part in parts)

    @property
    def state_size(self) -> int:
        """N."""
        return sum(self.widths)

    @cached_property
    @measured
    def total(self) -> TotalGradient:
        """∂L/∂s_t through every path, in the order in which the layer read."""
        return total_gradient(self.steps, self._direct)

    @cached_property
    @measured
    def hidden_grad(self) -> Tensor:
        """(T, B, P) float64: ∂L/∂h_t through every path.

        It is 0 below 1e-308; `hidden_grad_log10` never is.
        """
        return self.order.placed(self.total.scaled(self.total.parts[0]).double(), 0.0)

    @cached_property
    @measured
    def cell_grad(self) -> Tensor:
        """(T, B, H) float64: ∂L/∂c_t through every path.

        Raises:
            ValueError: for a cell without a cell state.
        """
        if not isinstance(self._plain, LstmLinearisation):
            raise ValueError(f"cell_grad is an LSTM's; this layer is a {self.cell_name}.")
        total = self.total
        plain = cast(self._plain, total.parts[0].dtype)
        assert isinstance(plain, LstmLinearisation)
        return self.order.placed(total.scaled(plain.cell_grad(total.parts)).double(), 0.0)

    @cached_property
    @measured
    def hidden_grad_norm(self) -> Tensor:
        """(T, B) float64: ‖∂L/∂h_t‖₂; 0 below 1e-308."""
        norm = self.total.scaled(self._mantissa_norm.unsqueeze(-1)).double()
        return self.order.placed(norm[..., 0])

    @cached_property
    @measured
    def hidden_grad_log10(self) -> Tensor:
        """(T, B) float64: log10 ‖∂L/∂h_t‖₂; −∞ only where the gradient is exactly zero."""
        exponent = self.total.exponent[..., 0].double()
        return self.order.placed(self._mantissa_norm.log10() + exponent * math.log10(2))

    @cached_property
    def _mantissa_norm(self) -> Tensor:
        norm: Tensor = torch.linalg.vector_norm(self.total.parts[0].double(), dim=-1)
        return norm

    @measured
    def grad_below(self, weight_ih: Tensor) -> Scaled:
        """(T, B, I): ∂L/∂x_t, which the layer below receives, in the order of the sequence."""
        total = self.total
        drive = total.steps.input_grad(total.parts)
        below = total.scaled(drive @ weight_ih.to(drive.dtype))
        return below.moved(lambda each: self.order.turned(each))

    @cached_property
    def weight_grad_by_timestep(self) -> Tensor:
        """(T,) float64: norm of the term that each timestep adds to ∂L/∂W_hh."""
        return weight_grad_by_timestep.weight_grad_by_timestep(self)

    def weight_grad_at(self, t: int) -> Tensor:
        """(G·H, P) float64: the term of timestep t = 1…T."""
        return weight_grad_by_timestep.weight_grad_at(self, t)

    def weight_grad(self, window: int | None = None) -> Tensor:
        """(G·H, P) float64: ∂L/∂W_hh, of the last so many timesteps read or of all."""
        return weight_grad_by_timestep.weight_grad(self, window)

    def gradient_snr(self) -> float:
        """Signal-to-noise ratio over the batch of the gradient of W_hh."""
        return gradient_snr.gradient_snr(self)

    @measured
    def jacobian(self, t: int) -> Tensor:
        """(B, N, N): J_t = ∂s_t/∂s_{t−1}, t = 1…T; s_0 is the initial state."""
        timesteps, batch = self.hidden.shape[:2]
        if not 1 <= t <= timesteps:
            raise ValueError(f"t must be 1…{timesteps}, got {t}.")
        position = torch.tensor([t - 1], device=self.hidden.device)
        dense = self._dense(self.order.rows(position, batch))
        is_on = self.order.is_on
        return dense if is_on is None else torch.where(is_on[t - 1, :, None, None], dense, math.nan)

    def _dense(self, rows: Tensor) -> Tensor:
        """(B, N, N) J of a row for each of the first B sequences."""
        step = picked(self.steps, rows)
        eye = torch.eye(self.state_size, dtype=self.hidden.dtype, device=self.hidden.device)
        columns = eye.unsqueeze(1).expand(-1, len(rows), -1).split(self.widths, -1)
        return torch.cat(step.jvp(tuple(columns)), -1).permute(1, 2, 0)

    @measured
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
        if kind == "frobenius":
            batch = self._states(probes).shape[1]
            rows = torch.arange(len(self.hidden), device=self.hidden.device)
            norms = [torch.linalg.matrix_norm(self._dense(row.expand(batch))) for row in rows]
            return self.order.placed(torch.stack(norms))
        norm = self._spectral_norms(self.hidden.dtype, probes, tolerance, warm)
        is_safe = bool(((norm > SAFE[0]) & (norm < SAFE[1])).all())
        if not is_safe and self.hidden.dtype != torch.float64:
            norm = self._spectral_norms(torch.float64, probes, tolerance, warm)
        return self.order.placed(norm)

    def _spectral_norms(
        self, dtype: torch.dtype, probes: int | None, tolerance: float, warm: SpectralStart | None
    ) -> Tensor:
        steps = probed(cast(self.steps, dtype), probes)
        widths, like = self.widths, self._states(probes).to(dtype)
        norms, vectors = spectral_norms(
            lambda vector: torch.cat(steps.jvp(vector.split(widths, -1)), -1),
            lambda vector: torch.cat(steps.vjp(vector.split(widths, -1)), -1),
            start_vectors(like, None if warm is None else warm.fitting(like)),
            tolerance,
        )
        if warm is not None:
            warm.vectors = vectors
        return norms

    @measured
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
            transport = Transport(self._states(probes), self.widths, tolerance)
            found = transport.log10_norms(probed(self.steps, probes), spectral=kind == "spectral")
            self._transports[key] = self.order.placed(found)
        return self._transports[key]

    def _states(self, probes: int | None) -> Tensor:
        """An empty (T, Q, N)."""
        timesteps, batch = self.hidden.shape[:2]
        batch = batch if probes is None else min(probes, batch)
        return self.hidden.new_empty(timesteps, batch, self.state_size)

    @measured
    def gradient_horizon(self, *, probes: int | None = None, tolerance: float = 1e-6) -> Tensor:
        """(Q,): the least lag k with ‖∂s_T/∂s_{T−k}‖₂ ≤ 1/e; inf if there is none.

        Args:
            probes: of the first so many sequences; None: all.
            tolerance: of the transport, which is computed once for both.
        """
        transport = self.transport_log10("spectral", probes=probes, tolerance=tolerance)
        # Read from the end of each sequence; nan behind it is never below.
        read = self.order.turned(transport)
        below = read.flip(0) <= -math.log10(math.e)
        ends = len(read) - self.order.steps_read(read.shape[1]).to(read.device)
        lags = (below.int().argmax(0) - ends).double()
        return torch.where(below.any(0), lags, torch.full_like(lags, math.inf))

    @property
    def jacobian_bound(self) -> float | None:
        """Pascanu's γ‖W_hh‖₂ ≥ ‖J_t‖₂, for a plain RNN."""
        return bound(self.weight_hh) if self.cell_name == "rnn" else None

    @property
    def spectral_radius(self) -> float | None:
        """Largest |eigenvalue| of a plain RNN's W_hh. It is not the spectral norm."""
        return radius(self.weight_hh) if self.cell_name == "rnn" else None

    def jacobian_eigenvalues(self, t: int) -> Tensor:
        """(B, N) complex128: of J_t, from the largest magnitude to the least."""
        return jacobian_eigenvalues.jacobian_eigenvalues(self, t)

    def jacobian_singular_values(self, t: int, b: int) -> Tensor:
        """(N,) float64: of J_t of sequence b = 0…B−1, from the largest to the least."""
        return jacobian_singular_values.jacobian_singular_values(self, t, b)

    def transport_condition_log10(
        self, *, probes: int | None = None, tolerance: float = 1e-6
    ) -> Tensor:
        """(T, Q) float64: log10 σ_max(P_t)/σ_min(P_t); ∞ where a Jacobian is singular."""
        return transport_condition_log10.transport_condition_log10(
            self, probes=probes, tolerance=tolerance
        )

    def lyapunov_exponents(self, *, probes: int | None = None, count: int | None = None) -> Tensor:
        """(Q, N or count) float64, 1/timestep, from the largest to the least."""
        return lyapunov_exponents.lyapunov_exponents(self, probes=probes, count=count)

    def forget_path(self, *, probes: int | None = None, tolerance: float = 1e-5) -> Split:
        """(T, Q) each: ‖diag f_t‖₂ and the norm of the rest of ∂c_t/∂c_{t−1}; an LSTM's."""
        return forget_path.forget_path(self, probes=probes, tolerance=tolerance)

    def forget_product_log10(self, kind: Kind = "spectral") -> Tensor:
        """(T, B) float64: log10 ‖∏_{k>t} diag(f_k)‖, which is not the gradient; an LSTM's."""
        return forget_product_log10.forget_product_log10(self, kind)

    def cell_transport_log10(
        self, kind: Kind = "spectral", *, probes: int | None = None, tolerance: float = 1e-6
    ) -> Tensor:
        """(T, Q) float64: log10 ‖∂c_T/∂c_t‖ through every path; an LSTM's."""
        return cell_transport_log10.cell_transport_log10(
            self, kind, probes=probes, tolerance=tolerance
        )

    def update_leak(self, *, probes: int | None = None, tolerance: float = 1e-5) -> Split:
        """(T, Q) each: ‖diag z_t‖₂ and the norm of the rest of J_t; a GRU's."""
        return update_leak.update_leak(self, probes=probes, tolerance=tolerance)

    def gate_saturation(self) -> dict[str, Tensor]:
        """Each σ gate's (2, B, H): share of timesteps below 0.1, and above 0.9."""
        return gate_saturation.gate_saturation(self)

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
