"""What one step leaves behind: the StepRecord as measured, the Frame that pictures need.

Index legend: T timesteps, P probe sequences, Q ≤ P probes of the dear quantities, H hidden size.
Row 0 of a time axis is t = 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from gradviz.history.closeup import CloseUp
from gradviz.history.floats import Floats

FailureKind = Literal["nan", "inf", "norm overflow"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """The first number of a run that was not finite."""

    step: int
    tensor: str
    """"loss", or a parameter's name with "gradient of" or "weight" before it."""
    kind: FailureKind


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerRecord:
    """What was measured of one recurrent layer at one step; all None when nothing was."""

    hidden_grad_norm: Floats | None = None
    """(T, P) float64: ‖∂L/∂h_t‖₂, the total gradient through every path; of a network that reads
    the whole window at once, which has no h_t, ‖∂L/∂x_t‖₂ (see `History.is_memoryless`)."""
    last_state_grad_log10: Floats | None = None
    """(T, P) float64: log10 of what of ‖∂L/∂h_t‖₂ came by the last state alone, as through the
    bottleneck of an encoder–decoder; None where all came so, or nothing."""
    gates: dict[str, Floats] = field(default_factory=dict)
    """Name to (T, P, H) activations; empty for a plain RNN."""
    jacobian_norm: Floats | None = None
    """(T, Q) spectral norm of J_t = ∂s_t/∂s_{t−1}, for the first Q ≤ P probes."""
    jacobian_bound: float | None = None
    """Pascanu's bound γ‖W_hh‖₂ on the spectral norm, where theory gives one."""
    transport_log10: Floats | None = None
    """(T, Q): log10 ‖∂s_T/∂s_t‖₂, 0 at t = T."""
    gradient_horizon: Floats | None = None
    """(Q,): the least lag k with ‖∂s_T/∂s_{T−k}‖₂ ≤ 1/e; inf if there is none."""
    start_norm: Floats | None = None
    """(P,): ‖s_0‖₂ of the state that it began with; 0 where that was zeros."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepRecord:
    """One optimiser step. The norms are of all parameters' gradients together."""

    step: int
    """1 for the first step."""
    loss: float
    accuracy: float | None
    """Share of right answers in the batch; None where the task is no classification."""
    grad_norm_pre: float
    """Before the clip, computed in float64."""
    grad_norm_post: float
    """After the clip."""
    clipped: bool
    learning_rate: float
    clip_threshold: float
    """nan when nothing is clipped."""
    layers: dict[str, LayerRecord]
    clip_angle: float = np.nan
    """Degrees between the gradients before and after the clip, of all parameters together; exactly
    0 where nothing was clipped and for a clip by norm; nan where it is not known."""
    failure: Failure | None = None
    closeup: CloseUp | None = None

    @property
    def clip_factor(self) -> float:
        """Post-clip over pre-clip norm, in [0, 1]; 1 for a zero gradient."""
        return self.grad_norm_post / self.grad_norm_pre if self.grad_norm_pre else 1.0

    @property
    def is_measured(self) -> bool:
        """Whether this step carries arrays."""
        return any(layer.hidden_grad_norm is not None for layer in self.layers.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerFrame:
    """One layer of a frame. float32: the magnitudes are kept as logarithms."""

    hidden_grad_log10: Floats
    """(T, P): log10 ‖∂L/∂h_t‖₂, or ‖∂L/∂x_t‖₂; −inf where the gradient is zero."""
    gates: dict[str, Floats]
    """Name to (3, T): mean, 10th and 90th percentile over probes and units."""
    jacobian_norm: Floats | None
    """(T, Q), or None when the dear quantities were not measured."""
    jacobian_bound: float | None
    transport_log10: Floats | None
    """(T, Q) or None."""
    gradient_horizon: Floats | None
    """(Q,) or None."""
    start_norm: Floats | None = None
    """(P,); None in a run of an older gradviz."""
    last_state_grad_log10: Floats | None = None
    """(T, P), or None where all of the gradient came by the last state, or nothing."""

    @property
    def horizon(self) -> float:
        """The middle probe's gradient horizon, of an even number the upper of two; nan if unknown.

        So it is always a lag that was measured.
        """
        return np.nan if self.gradient_horizon is None else middle(self.gradient_horizon)

    @classmethod
    def from_record(cls, record: LayerRecord) -> LayerFrame:
        """The pictures' share of a measured layer."""
        if record.hidden_grad_norm is None:
            raise ValueError("a layer that was not measured has no frame")
        with np.errstate(divide="ignore"):
            hidden_grad_log10 = np.log10(record.hidden_grad_norm)
        return cls(
            hidden_grad_log10=hidden_grad_log10.astype(np.float32),
            gates={name: _band(gate) for name, gate in record.gates.items()},
            jacobian_norm=_float32(record.jacobian_norm),
            jacobian_bound=record.jacobian_bound,
            transport_log10=_float32(record.transport_log10),
            gradient_horizon=_float32(record.gradient_horizon),
            start_norm=_float32(record.start_norm),
            last_state_grad_log10=_float32(record.last_state_grad_log10),
        )

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        arrays = [
            self.hidden_grad_log10,
            *self.gates.values(),
            self.jacobian_norm,
            self.transport_log10,
            self.gradient_horizon,
            self.start_norm,
            self.last_state_grad_log10,
        ]
        return sum(array.nbytes for array in arrays if array is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What the pictures of one step need."""

    step: int
    layers: dict[str, LayerFrame]
    closeup: CloseUp | None = None
    """Only of runs whose page looks that closely."""
    text: str | None = None
    """What the network wrote by itself after this step; now and then, of language models."""
    held_out: float | None = None
    """Loss on data that are not trained on, after this step; now and then, where there are some."""

    @classmethod
    def from_record(cls, record: StepRecord) -> Frame:
        """Reduce a measured StepRecord."""
        return cls(
            step=record.step,
            # In pre-training there are layers that do not run yet.
            layers={
                name: LayerFrame.from_record(layer)
                for name, layer in record.layers.items()
                if layer.hidden_grad_norm is not None
            },
            closeup=record.closeup,
        )

    @property
    def top_layer(self) -> LayerFrame:
        """The last layer that reads forward; the last of all where none does."""
        forward = [layer for name, layer in self.layers.items() if not is_reversed(name)]
        return (forward or list(self.layers.values()))[-1]

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        closeup = self.closeup.nbytes if self.closeup else 0
        return sum(layer.nbytes for layer in self.layers.values()) + closeup


def is_reversed(layer: str) -> bool:
    """Whether a layer of this name reads from the last timestep to the first.

    PyTorch's own suffix, "encoder.l0_reverse"; a module's second call has "#2" behind it.
    """
    return layer.split("#")[0].endswith("_reverse")


SCALARS = (
    "step",
    "loss",
    "accuracy",
    "grad_norm_pre",
    "grad_norm_post",
    "clipped",
    "learning_rate",
    "clip_threshold",
    "clip_angle",
)
"""The columns kept for every step, all float64; accuracy is nan where there is none."""


def middle(probes: Floats) -> float:
    """(Q,) → the middle one, of an even number the upper of two; nan where one is."""
    if not len(probes) or np.isnan(probes).any():
        return np.nan
    return float(np.sort(probes)[len(probes) // 2])


def scalars_of(record: StepRecord) -> tuple[float, ...]:
    """A record's row of SCALARS."""
    return (
        float(record.step),
        record.loss,
        np.nan if record.accuracy is None else record.accuracy,
        record.grad_norm_pre,
        record.grad_norm_post,
        float(record.clipped),
        record.learning_rate,
        record.clip_threshold,
        record.clip_angle,
    )


def _band(gate_TPH: Floats) -> Floats:
    flat = gate_TPH.reshape(len(gate_TPH), -1)
    if not np.isnan(flat).any():
        low, high = np.percentile(flat, [10, 90], axis=1)
        return np.stack([flat.mean(axis=1), low, high]).astype(np.float32)
    # Behind a sequence's end; a timestep that no sequence has stays nan.
    band = np.full((3, len(flat)), np.nan, np.float32)
    for t, values in enumerate(flat):
        known = values[~np.isnan(values)]
        if len(known):
            band[:, t] = known.mean(), *np.percentile(known, [10, 90])
    return band


def _float32(array: Floats | None) -> Floats | None:
    return None if array is None else array.astype(np.float32)
