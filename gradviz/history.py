"""StepRecord and History: what a training leaves behind, in NumPy only.

Index legend: T timesteps, P probe sequences, H hidden size, F frames. Row 0 of a
time axis is t = 1. A *step* is one optimiser update, a *timestep* a position in
the sequence.

The trainer makes StepRecords; a StepRecord whose arrays were measured is reduced
to a Frame, which is all the pictures need; a History keeps the scalars of every
step and as many frames as its memory allows. It is the last place before pictures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gradviz.config import RunConfig

Floats = NDArray[np.floating]

FRAME_BYTES = 48 * 2**20
"""Memory the frames of one run may take; with the scalars a run stays below 64 MB."""

MAX_SCALARS = 100_000
"""Steps whose scalars are all kept; a longer run keeps every second, fourth, … step."""

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
    """(T, P) float64: ‖∂L/∂h_t‖₂, the total gradient through every path."""
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
    failure: Failure | None = None

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
    """(T, P): log10 ‖∂L/∂h_t‖₂; −inf where the gradient is zero."""
    gates: dict[str, Floats]
    """Name to (3, T): mean, 10th and 90th percentile over probes and units."""
    jacobian_norm: Floats | None
    """(T, Q), or None when the dear quantities were not measured."""
    jacobian_bound: float | None
    transport_log10: Floats | None
    """(T, Q) or None."""
    gradient_horizon: Floats | None
    """(Q,) or None."""

    @property
    def horizon(self) -> float:
        """The middle probe's gradient horizon, of an even number the upper of two; nan if unknown.

        So it is always a lag that was measured.
        """
        probes = self.gradient_horizon
        if probes is None or np.isnan(probes).any():
            return np.nan
        return float(np.sort(probes)[len(probes) // 2])

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
        ]
        return sum(array.nbytes for array in arrays if array is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What the pictures of one step need."""

    step: int
    layers: dict[str, LayerFrame]

    @classmethod
    def from_record(cls, record: StepRecord) -> Frame:
        """Reduce a measured StepRecord."""
        return cls(
            step=record.step,
            layers={name: LayerFrame.from_record(layer) for name, layer in record.layers.items()},
        )

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return sum(layer.nbytes for layer in self.layers.values())


SCALARS = (
    "step",
    "loss",
    "accuracy",
    "grad_norm_pre",
    "grad_norm_post",
    "clipped",
    "learning_rate",
    "clip_threshold",
)
"""The columns kept for every step, all float64; accuracy is nan where there is none."""


class History:
    """A run so far: scalars of every step, frames thinned evenly, bounded in memory.

    Attributes:
        config: what was run.
        floor: loss of having learned nothing, where the task knows it.
        frames: the kept frames, oldest first; the newest measured step is always there.
        failure: why the run stopped, if a number was not finite.
    """

    def __init__(
        self, config: RunConfig, *, floor: float | None = None, frame_bytes: int = FRAME_BYTES
    ) -> None:
        self.config = config
        self.floor = floor
        self.frames: list[Frame] = []
        self.failure: Failure | None = None
        self._frame_bytes = frame_bytes
        self._held_bytes = 0
        self._spacing = 0
        # Column by column in memory, because the pictures read whole columns.
        self._table = np.empty((256, len(SCALARS)), order="F")
        self._rows = 0
        self._stride = 1
        self._last: tuple[float, ...] | None = None

    def append(self, record: StepRecord) -> None:
        """Add one step; its arrays, if measured, become a frame."""
        self.append_scalars([scalars_of(record)])
        if record.is_measured:
            self.append_frame(Frame.from_record(record))
        if record.failure and not self.failure:
            self.failure = record.failure

    def append_scalars(self, rows: Iterable[tuple[float, ...]]) -> None:
        """Add steps' scalars, each in the order of SCALARS."""
        for row in rows:
            self._last = row
            if (int(row[0]) - 1) % self._stride:
                continue
            if self._rows == MAX_SCALARS:
                self._thin_scalars()
                if (int(row[0]) - 1) % self._stride:
                    continue
            if self._rows == len(self._table):
                rows_grown = min(2 * len(self._table), MAX_SCALARS)
                grown = np.empty((rows_grown, len(SCALARS)), order="F")
                grown[: self._rows] = self._table
                self._table = grown
            self._table[self._rows] = row
            self._rows += 1

    def append_frame(self, frame: Frame) -> None:
        """Add a frame; frames closer than the present spacing give way to newer ones."""
        frames = self.frames
        if len(frames) >= 2 and frames[-1].step - frames[-2].step < self._spacing:
            self._held_bytes -= frames.pop().nbytes
        frames.append(frame)
        self._held_bytes += frame.nbytes
        if self._held_bytes > self._frame_bytes and len(frames) > 2:
            self._thin_frames()

    def _thin_scalars(self) -> None:
        self._stride *= 2
        kept = self._table[: self._rows]
        kept = kept[(kept[:, 0].astype(np.int64) - 1) % self._stride == 0]
        self._table[: len(kept)] = kept
        self._rows = len(kept)

    def _thin_frames(self) -> None:
        """Double the least distance between frames, so that what stays is spread evenly."""
        gaps = np.diff([frame.step for frame in self.frames])
        self._spacing = 2 * max(self._spacing, int(np.median(gaps)))
        kept = [self.frames[0]]
        for frame in self.frames[1:-1]:
            if frame.step - kept[-1].step >= self._spacing:
                kept.append(frame)
        self.frames = [*kept, self.frames[-1]]
        self._held_bytes = sum(frame.nbytes for frame in self.frames)

    @property
    def last_step(self) -> int:
        """The newest step; 0 before the first."""
        return int(self._last[0]) if self._last else 0

    @property
    def layer_names(self) -> list[str]:
        """The measured layers, lowest first: l0, l1, …."""
        return list(self.frames[-1].layers) if self.frames else []

    @property
    def nbytes(self) -> int:
        """Memory of everything kept."""
        return self._held_bytes + self._table.nbytes

    def column(self, name: str, *, upto: int | None = None) -> NDArray[np.float64]:
        """One column of SCALARS, through step `upto`."""
        column = SCALARS.index(name)
        steps, values = self._table[: self._rows, 0], self._table[: self._rows, column]
        # Between two strides the newest step is not in the table, but a plot should end there.
        if self._last and (not self._rows or self._last[0] > steps[-1]):
            steps, values = np.append(steps, self._last[0]), np.append(values, self._last[column])
        if upto is not None:
            values = values[: int(np.searchsorted(steps, upto, side="right"))]
        return values.copy()

    def frame_at(self, step: int | None = None) -> Frame | None:
        """The newest frame, or the newest that is not after `step`; the first if all are after."""
        if not self.frames:
            return None
        if step is None:
            return self.frames[-1]
        steps = [frame.step for frame in self.frames]
        return self.frames[max(int(np.searchsorted(steps, step, side="right")) - 1, 0)]

    def frames_upto(self, step: int | None = None, *, most: int | None = None) -> list[Frame]:
        """Frames through `step`, at most `most` of them, evenly chosen, the newest included."""
        frames = [frame for frame in self.frames if step is None or frame.step <= step]
        if most is None or len(frames) <= most:
            return frames
        # From the newest backwards, so that a single one is the newest.
        chosen = np.unique(np.linspace(len(frames) - 1, 0, most).round().astype(int))
        return [frames[index] for index in chosen]


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
    )


def _band(gate_TPH: Floats) -> Floats:
    flat = gate_TPH.reshape(len(gate_TPH), -1)
    low, high = np.percentile(flat, [10, 90], axis=1)
    return np.stack([flat.mean(axis=1), low, high]).astype(np.float32)


def _float32(array: Floats | None) -> Floats | None:
    return None if array is None else array.astype(np.float32)
