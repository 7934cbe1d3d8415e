"""What a quiz may ask: numbers of a run, each from its History and nothing else.

A measure is nan while it is not known, and +inf where it has no end (a horizon that reaches the
first input) or has not come to pass (a run that has not failed).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gradviz.history import Frame, History, LayerFrame, is_reversed

RECENT = 20
"""Steps over which a loss or an accuracy is averaged: one batch's says little."""

SOLVED = 0.1
"""Share of the floor below which a loss counts as solved."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """One number of a run, in words."""

    name: str
    title: str
    unit: str
    measure: Callable[[History, int | None], float]
    """Of a History at a step (None: the newest)."""
    told: str
    """The clause of a sentence; {value} stands for the number."""
    never: str = ""
    """The clause where the measure is +inf; empty where it cannot be."""
    power: bool = False
    """Whether the number is a log10 and is told as a power of ten."""

    def words(self, value: float) -> str:
        """The clause that says this value, which must not be nan."""
        if value == math.inf and self.never:
            return self.never
        return self.told.format(value=_ten_to(value) if self.power else _number(value))


def _transport(history: History, step: int | None) -> float:
    layers = [layer.transport_log10 for layer in _forward(history.frame_at(step))]
    return max((_middle(each[0]) for each in layers if each is not None), default=math.nan)


def _horizon(history: History, step: int | None) -> float:
    horizons = [layer.horizon for layer in _forward(history.frame_at(step))]
    return max((each for each in horizons if not math.isnan(each)), default=math.nan)


def _gradient_ratio(history: History, step: int | None) -> float:
    """Of the top layer, where the loss acts."""
    layers = _forward(history.frame_at(step))
    if not layers:
        return math.nan
    log10 = layers[-1].hidden_grad_log10
    first, last = _middle(log10[0]), _middle(log10[-1])
    return first - last if math.isfinite(last) else math.nan


def _largest_jacobian(history: History, step: int | None) -> float:
    norms = [layer.jacobian_norm for layer in _forward(history.frame_at(step))]
    return max((float(each.max()) for each in norms if each is not None), default=math.nan)


def _forget_gate(history: History, step: int | None) -> float:
    layers = [
        layer.gates["forget"]
        for layer in _forward(history.frame_at(step))
        if layer.gates and "forget" in layer.gates
    ]
    return float(np.nanmean(layers[-1][0])) if layers else math.nan


def _loss_over_floor(history: History, step: int | None) -> float:
    if _failed_at(history, step) < math.inf:
        return math.inf
    recent = history.column("loss", upto=step)[-RECENT:]
    if len(recent) < RECENT or not history.floor:
        return math.nan
    return float(recent.mean()) / history.floor


def _accuracy(history: History, step: int | None) -> float:
    recent = history.column("accuracy", upto=step)[-RECENT:]
    return float(recent.mean()) if len(recent) == RECENT else math.nan


def _solved_at(history: History, step: int | None) -> float:
    losses = history.column("loss", upto=step)
    if not len(losses) or not history.floor:
        return math.nan
    if len(losses) < RECENT:
        return math.inf
    means = np.convolve(losses, np.full(RECENT, 1 / RECENT), mode="valid")
    solved = np.flatnonzero(means < SOLVED * history.floor)
    if not len(solved):
        return math.inf
    return float(history.column("step", upto=step)[solved[0] + RECENT - 1])


def _failed_at(history: History, step: int | None) -> float:
    if not history.last_step:
        return math.nan
    failure = history.failure
    return float(failure.step) if failure and (step is None or failure.step <= step) else math.inf


def _clipped_share(history: History, step: int | None) -> float:
    flags = history.column("clipped", upto=step)
    return float(flags.mean()) if len(flags) else math.nan


def _largest_norm(history: History, step: int | None) -> float:
    norms = history.column("grad_norm_pre", upto=step)
    known = norms[np.isfinite(norms)]
    return float(known.max()) if len(known) else math.nan


def _clip_angle(history: History, step: int | None) -> float:
    angles = history.column("clip_angle", upto=step)
    known = angles[np.isfinite(angles)]
    return float(known.max()) if len(known) else math.nan


def _forward(frame: Frame | None) -> list[LayerFrame]:
    """The layers that read from the first timestep to the last."""
    if frame is None:
        return []
    return [layer for name, layer in frame.layers.items() if not is_reversed(name)]


def _middle(probes: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
    """The middle probe's value; of an even number the upper, so always one that was measured."""
    return float(np.sort(probes)[len(probes) // 2])


def _number(value: float) -> str:
    """Three digits, or a power of ten where a number would be long: 0.167, 4e14."""
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{float(f'{value:.3g}'):g}"
    if math.isinf(value):
        return "∞"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def _ten_to(exponent: float) -> str:
    """10 to the exponent, which may be beyond what a float can be."""
    if exponent == -math.inf:
        return "0"
    return f"1e{exponent:.0f}" if 4 <= abs(exponent) < math.inf else _number(10**exponent)


_ALL = (
    Measure(
        name="transport",
        title="log10 ‖∂s_T/∂s_1‖: what is left of a gradient at the first timestep",
        unit="log10 of a factor",
        measure=_transport,
        told="from the last timestep to the first a gradient is multiplied by at most {value}",
        power=True,
    ),
    Measure(
        name="horizon",
        title="gradient horizon: the least lag at which transport has fallen to 1/e",
        unit="timesteps",
        measure=_horizon,
        told="the gradient falls to 1/e within {value} timesteps",
        never="the gradient reaches the first input",
    ),
    Measure(
        name="gradient_ratio",
        title="log10 of ‖∂L/∂h_1‖ / ‖∂L/∂h_T‖",
        unit="log10 of a factor",
        measure=_gradient_ratio,
        told="the loss's gradient at the first timestep is {value} times that at the last",
        power=True,
    ),
    Measure(
        name="largest_jacobian",
        title="largest spectral norm of a step Jacobian",
        unit="1",
        measure=_largest_jacobian,
        told="the largest spectral norm of a step Jacobian is {value}",
    ),
    Measure(
        name="forget_gate",
        title="mean activation of an LSTM's forget gate",
        unit="1",
        measure=_forget_gate,
        told="the forget gate is {value} on average",
    ),
    Measure(
        name="loss_over_floor",
        title=f"mean loss of the last {RECENT} steps over the loss of having learned nothing",
        unit="1",
        measure=_loss_over_floor,
        told="the loss is {value} times that of a network that learned nothing",
        never="the run failed: a number was not finite",
    ),
    Measure(
        name="accuracy",
        title=f"mean accuracy of the last {RECENT} steps",
        unit="1",
        measure=_accuracy,
        told="the accuracy is {value}",
    ),
    Measure(
        name="solved_at",
        title=f"first step at which the mean of {RECENT} losses is below {SOLVED:g} of the floor",
        unit="steps",
        measure=_solved_at,
        told="the task is solved at step {value}",
        never="the task is not solved",
    ),
    Measure(
        name="failed_at",
        title="step of the first number that is not finite",
        unit="steps",
        measure=_failed_at,
        told="a number is no longer finite at step {value}",
        never="every number stays finite",
    ),
    Measure(
        name="clipped_share",
        title="share of the steps that were clipped",
        unit="1",
        measure=_clipped_share,
        told="the share of clipped steps is {value}",
    ),
    Measure(
        name="largest_norm",
        title="largest finite gradient norm before the clip",
        unit="loss",
        measure=_largest_norm,
        told="the largest gradient norm before the clip is {value}",
    ),
    Measure(
        name="clip_angle",
        title="largest angle by which a step's clip turned the gradient",
        unit="degrees",
        measure=_clip_angle,
        told="the clip turned the gradient by up to {value}°",
    ),
)

MEASURES: Mapping[str, Measure] = MappingProxyType({each.name: each for each in _ALL})
"""What the field `measure` of a quiz may name."""
