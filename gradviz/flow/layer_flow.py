"""LayerFlow: the gradients, Jacobians and transport of one recurrent layer.

Index legend: T timesteps, B recorded sequences, I input size, P size of h_t (H, or an LSTM's
proj_size), H hidden size, N state size (2H for an LSTM, whose state is (h, c)), Q ≤ B probes.

What a layer carries from timestep to timestep is its state s_t. Its first part is h_t, the output,
but for cells that only read their output out of what they carry (QRNN, SRU): then `hidden` and
`hidden_grad` are c_t and ∂L/∂c_t.

Row 0 of a time axis is t = 1, the sequence's first timestep, in both directions. Where a
direction is reversed the state before s_t is s_{t+1}, and the last state is s_1. Of a packed
batch, timesteps behind a sequence's end are nan (in states and their gradients 0).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, reduce

from torch import Tensor

from gradviz.cells import LayerPass, Replay
from gradviz.flow import quantities as measure
from gradviz.flow.jacobian_norms import SpectralStart
from gradviz.flow.measured import measured
from gradviz.flow.order import Order
from gradviz.flow.quantities.products import Kind
from gradviz.flow.quantities.split import Split
from gradviz.flow.scaled import Scaled, earlier
from gradviz.flow.steps import Ended, cast
from gradviz.flow.total_gradient import Source, TotalGradient
from gradviz.flow.transport import SEGMENT

EIGEN_COST = 20
"""An eigendecomposition of size K takes as long as so many times K³ multiply-adds of a product."""


class LayerFlow:
    """One layer and direction of a watched pass. Everything is computed when first asked for.

    Attributes:
        cell_name: "rnn", "lstm", "gru" or that of a cell of ours.
        hidden: (T, B, P) h_t, or whatever is the first part of s_t.
        cell: (T, B, H) c_t of an LSTM, else None.
        output: (T, B, P) what the layer gave.
        gates: name to (T, B, H); empty for a plain RNN.
        weight_hh: (G·H, P), as it was in the forward pass; None for a cell without.
        passed: inputs, states and weights of the forward pass, in the order read.
        order: how the layer read the sequence.
        direct: what the loss adds to its states' gradients from outside, in the order read.
    """

    def __init__(
        self,
        *,
        cell_name: str,
        passed: LayerPass,
        replay: Callable[[LayerPass], Replay],
        replayed: Replay,
        direct: Source,
        order: Order,
    ) -> None:
        """All in the order in which the layer read.

        Args:
            cell_name: of the cell.
            passed: what the layer read and gave.
            replay: the cell's.
            replayed: what it made of the pass.
            direct: gradients that come from outside the recurrence.
            order: of the timesteps.
        """
        steps = replayed.linearisation
        self.cell_name = cell_name
        self.order = order
        self.passed = passed
        self.hidden, *others = (order.placed(part, 0.0) for part in replayed.states)
        self.cell = others[0] if others else None
        self.output = order.placed(passed.output, 0.0)
        self.gates = {name: order.placed(gate) for name, gate in replayed.gates.items()}
        self.weight_hh = steps.weight
        self.steps = steps if order.is_on is None else Ended(steps, order.is_on.unsqueeze(-1))
        self.reads = replayed.reads
        self.direct = direct
        self._coupling, self._replay = replayed.coupling, replay
        self._transports: dict[tuple[Kind, int | None, float], Tensor] = {}

    @measured
    def alone(self, b: int) -> LayerFlow:
        """Sequence b = 0…B−1 by itself, for what is dear or wanted of one only."""
        return self.on(self.passed.alone(b), self.direct.alone(b), self.order.alone(b))

    @measured
    def on(self, passed: LayerPass, direct: Source, order: Order) -> LayerFlow:
        """The same layer on another pass; arguments as for a LayerFlow."""
        return LayerFlow(
            cell_name=self.cell_name,
            passed=passed,
            replay=self._replay,
            replayed=self._replay(passed),
            direct=direct,
            order=order,
        )

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
        return self.direct.total(self.steps)

    @cached_property
    def hidden_grad(self) -> Tensor:
        """(T, B, P) float64: ∂L/∂h_t through every path.

        It is 0 below 1e-308; `hidden_grad_log10` is right there too.
        """
        return measure.hidden_grad.hidden_grad(self)

    @cached_property
    def cell_grad(self) -> Tensor:
        """(T, B, H) float64: ∂L/∂c_t through every path, of a cell with a memory."""
        return measure.cell_grad.cell_grad(self)

    @cached_property
    def hidden_grad_norm(self) -> Tensor:
        """(T, B) float64: ‖∂L/∂h_t‖₂; 0 below 1e-308."""
        return measure.hidden_grad_norm.hidden_grad_norm(self)

    @cached_property
    def hidden_grad_log10(self) -> Tensor:
        """(T, B) float64: log10 ‖∂L/∂h_t‖₂; −∞ only where the gradient is exactly zero."""
        return measure.hidden_grad_log10.hidden_grad_log10(self)

    @property
    def start_norm(self) -> Tensor:
        """(B,) float64: ‖s_0‖₂, 0 where the layer began from zeros."""
        return measure.start_norm.start_norm(self)

    @cached_property
    def last_state_grad_log10(self) -> Tensor:
        """(T, B) float64: log10 of what of ‖∂L/∂h_t‖₂ came by the last state alone."""
        return measure.last_state_grad_log10.last_state_grad_log10(self)

    @measured
    def grad_below(self) -> Scaled:
        """(T, B, I): ∂L/∂x_t, which the layer below receives, in the order of the sequence."""
        total, output, dtype = self.total, self.direct.output, self.total.parts[0].dtype
        coupling = cast(self._coupling, dtype)
        of_state = map(total.scaled, coupling.to_inputs(total.parts))
        terms = [earlier(each, lag) for lag, each in enumerate(of_state)]
        if output is not None:
            grads = coupling.output_to_inputs(output.mantissa.to(dtype))
            terms += [earlier(Scaled(e, output.exponent), lag) for lag, e in enumerate(grads)]
        below = reduce(Scaled.plus, terms)
        if self.order.is_on is not None:
            is_on = self.order.is_on.unsqueeze(-1)
            below = below.linear(lambda each: each.where(is_on, 0.0))
        return below.moved(self.order.turned)

    @cached_property
    def weight_grad_by_timestep(self) -> Tensor:
        """(T,) float64: norm of the term that each timestep adds to ∂L/∂W_hh."""
        return measure.weight_grad_by_timestep.weight_grad_by_timestep(self)

    def weight_grad_at(self, t: int) -> Tensor:
        """(G·H, P) float64: the term of timestep t = 1…T."""
        return measure.weight_grad_by_timestep.weight_grad_at(self, t)

    def weight_grad(self, window: int | None = None) -> Tensor:
        """(G·H, P) float64: ∂L/∂W_hh, of the last so many timesteps read or of all."""
        return measure.weight_grad_by_timestep.weight_grad(self, window)

    def gradient_snr(self) -> float:
        """Signal-to-noise ratio over the batch of the gradient of W_hh."""
        return measure.gradient_snr.gradient_snr(self)

    def jacobian(self, t: int) -> Tensor:
        """(B, N, N): J_t = ∂s_t/∂s_{t−1}, t = 1…T; s_0 is the initial state."""
        return measure.jacobian.jacobian(self, t)

    def jacobian_norm(
        self,
        kind: Kind = "spectral",
        *,
        probes: int | None = None,
        tolerance: float = 1e-5,
        warm: SpectralStart | None = None,
    ) -> Tensor:
        """(T, Q): norm of J_t, the spectral one to a relative error; `warm` saves time."""
        return measure.jacobian_norm.jacobian_norm(
            self, kind, probes=probes, tolerance=tolerance, warm=warm
        )

    def transport_log10(
        self, kind: Kind = "spectral", *, probes: int | None = None, tolerance: float = 1e-6
    ) -> Tensor:
        """(T, Q) float64: log10 ‖∂s_T/∂s_t‖; at t = T it is 0 (spectral) or log10 √N (Frobenius).

        It never under- or overflows; −∞ only where the product is exactly zero.
        """
        key = (kind, probes, tolerance)
        if key not in self._transports:
            self._transports[key] = measure.transport_log10.transport_log10(
                self, kind, probes=probes, tolerance=tolerance
            )
        return self._transports[key]

    def gradient_horizon(self, *, probes: int | None = None, tolerance: float = 1e-6) -> Tensor:
        """(Q,): the least lag k with ‖∂s_T/∂s_{T−k}‖₂ ≤ 1/e; inf if there is none."""
        return measure.gradient_horizon.gradient_horizon(self, probes=probes, tolerance=tolerance)

    @property
    def jacobian_bound(self) -> float | None:
        """Pascanu's γ‖W_hh‖₂ ≥ ‖J_t‖₂, for a plain RNN."""
        return measure.jacobian_bound.jacobian_bound(self)

    @property
    def spectral_radius(self) -> float | None:
        """Largest |eigenvalue| of a plain RNN's W_hh. It is not the spectral norm."""
        return measure.spectral_radius.spectral_radius(self)

    def jacobian_eigenvalues(self, t: int) -> Tensor:
        """(B, N) complex128: of J_t, from the largest magnitude to the least."""
        return measure.jacobian_eigenvalues.jacobian_eigenvalues(self, t)

    def jacobian_singular_values(self, t: int, b: int) -> Tensor:
        """(N,) float64: of J_t of sequence b = 0…B−1, from the largest to the least."""
        return measure.jacobian_singular_values.jacobian_singular_values(self, t, b)

    def transport_condition_log10(
        self, *, probes: int | None = None, tolerance: float = 1e-6
    ) -> Tensor:
        """(T, Q) float64: log10 σ_max(P_t)/σ_min(P_t); ∞ where a Jacobian is singular."""
        return measure.transport_condition_log10.transport_condition_log10(
            self, probes=probes, tolerance=tolerance
        )

    def lyapunov_exponents(self, *, probes: int | None = None, count: int | None = None) -> Tensor:
        """(Q, N or count) float64, 1/timestep, from the largest to the least."""
        return measure.lyapunov_exponents.lyapunov_exponents(self, probes=probes, count=count)

    def forget_path(self, *, probes: int | None = None, tolerance: float = 1e-5) -> Split:
        """(T, Q) each: ‖diag f_t‖₂ and the norm of the rest of ∂c_t/∂c_{t−1}; an LSTM's."""
        return measure.forget_path.forget_path(self, probes=probes, tolerance=tolerance)

    def forget_product_log10(self, kind: Kind = "spectral") -> Tensor:
        """(T, B) float64: log10 ‖∏_{k>t} diag(f_k)‖, which is not the gradient; an LSTM's."""
        return measure.forget_product_log10.forget_product_log10(self, kind)

    def cell_transport_log10(
        self, kind: Kind = "spectral", *, probes: int | None = None, tolerance: float = 1e-6
    ) -> Tensor:
        """(T, Q) float64: log10 ‖∂c_T/∂c_t‖ through every path; an LSTM's."""
        return measure.cell_transport_log10.cell_transport_log10(
            self, kind, probes=probes, tolerance=tolerance
        )

    def update_leak(self, *, probes: int | None = None, tolerance: float = 1e-5) -> Split:
        """(T, Q) each: ‖diag z_t‖₂ and the norm of the rest of J_t; with an update gate."""
        return measure.update_leak.update_leak(self, probes=probes, tolerance=tolerance)

    def gate_saturation(self) -> dict[str, Tensor]:
        """Each σ gate's (2, B, H): share of timesteps below 0.1, and above 0.9."""
        return measure.gate_saturation.gate_saturation(self)

    def states(self, probes: int | None) -> Tensor:
        """An empty (T, Q, N), in the model's precision or float32."""
        timesteps, batch = self.hidden.shape[:2]
        batch = batch if probes is None else min(probes, batch)
        return self.hidden.new_empty(timesteps, batch, self.state_size)

    def dear_cost(self, probes: int | None = None) -> float:
        """About so many multiply-adds take the spectral norms and the transport together.

        A core does 1e10 to 4e10 of them a second. The rows that transport carries are taken
        as H, which an LSTM's 2H come down to within a few timesteps.
        """
        timesteps, batch = self.states(probes).shape[:2]
        width = self.hidden.shape[-1]
        norms = 8 * self.steps.cost
        product = width * self.steps.cost
        gram = width**2 * self.state_size + EIGEN_COST * width**3 / SEGMENT
        return float(timesteps * batch * (norms + product + gram))
