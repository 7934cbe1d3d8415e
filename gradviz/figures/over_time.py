"""Pictures of one step, by timestep: gradient flow, step Jacobians, transport.

Index legend: T timesteps, P probe sequences, Q ≤ P probes of the dear quantities.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gradviz.config import RunConfig
from gradviz.figures.layer_look import FEW, Look, key_of_reversed, looks
from gradviz.figures.marks import Mark
from gradviz.figures.memoryless import why_none
from gradviz.figures.stops import first_reached, stops_of
from gradviz.figures.style import figure, log_axis
from gradviz.figures.time_axis import TimeAxis, time_axis
from gradviz.figures.traces import band, level, line
from gradviz.figures.wording import WAITING, count_of, escaped
from gradviz.history import (
    Floats,
    Frame,
    History,
    LayerFrame,
    is_reversed,
)

FLOAT32_FLOOR = 1.1754944e-38
"""The least normal float32: a smaller gradient is kept inexactly or as 0 (SCIENCE trap 5)."""

FLOOR_IN_SIGHT = 1e-20
"""The floor is drawn once a gradient is below this; before, it would only squash the picture."""

OUTLIER = 20.0
"""Times the middle norm: a layer norm's first step, from a state of zeros, is hundreds of times."""

NOT_MEASURED = "Not measured at this step"


def gradient_flow(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """‖∂L/∂h_t‖ by timestep: mean and range over the probes, a line a layer.

    Of a cell that carries something else, of that: see `config.CellSpec.symbol`.

    Args:
        history: the run.
        step: the scrub position; None is the newest frame.
        theme: "light" or "dark".
    """
    frame = history.frame_at(step)
    axis = time_axis(frame)
    traces = norm_lines(history, frame, axis)
    zeros = has_zeros(frame, first_reached(history))
    facts = _facts(frame, next((layer.hidden_grad_log10 for _, layer in _named(frame)), None))
    stops = stops_of(history) if frame else []
    return figure(
        traces,
        meta={"axis": axis.name},
        title="Gradient flow now" if step is None else "Gradient flow",
        facts=facts + (" · zeros left out" if zeros else ""),
        x=axis.title,
        y=f"‖∂L/∂{history.symbol}<sub>t</sub>‖",
        theme=theme,
        marks=[*axis.marks, *stops],
        x_span=axis.ends,
        xaxis=axis.ticks,
        yaxis=log_axis(*(trace["y"] for trace in traces if isinstance(trace["y"], np.ndarray))),
        empty="" if frame else WAITING,
    )


def norm_lines(history: History, frame: Frame | None, axis: TimeAxis) -> list[dict[str, Any]]:
    """Mean and range of ‖∂L/∂h_t‖ of every layer, and the float32 floor once it is in sight."""
    traces: list[dict[str, Any]] = []
    for look, (name, layer) in _layers(frame):
        norms = powers(layer.hidden_grad_log10)
        traces += _lines(norms, name, look, axis, hover=f"‖∂L/∂{history.symbol}‖ = %{{y:.3g}}")
    seen = [trace["y"] for trace in traces]
    traces += key_of_reversed([name for name, _ in _named(frame)])
    lowest = min((float(np.nanmin(y)) for y in seen if np.isfinite(y).any()), default=1.0)
    if lowest < FLOOR_IN_SIGHT and history.config.dtype == "float32":
        traces.append(level(axis.ends, FLOAT32_FLOOR, "float32 floor 1.2e-38", uid="floor"))
    return traces


def _bound_name(history: History) -> str:
    """With masks on the state it is wider than γ‖W_hh‖₂."""
    config = history.config
    is_masked = isinstance(config, RunConfig) and (config.zoneout or config.variational_dropout)
    return "bound, masks included" if is_masked else "bound γ‖W_hh‖₂"


def has_zeros(frame: Frame | None, first: int = 0) -> bool:
    """Whether from some row on a gradient is exactly zero, which a log axis cannot show."""
    norms = (layer.hidden_grad_log10[first:] for _, layer in _named(frame))
    return any(bool((each == -np.inf).any()) for each in norms)


def step_jacobians(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """Spectral norm of J_t = ∂s_t/∂s_{t−1} by timestep, the line at 1, and the bound.

    The bound γ‖W_hh‖₂ is Pascanu, Mikolov & Bengio's (2013, §2.1); a gated cell has none.
    Arguments as for `gradient_flow`.
    """
    frame = history.frame_at(step)
    axis = time_axis(frame)
    traces: list[dict[str, Any]] = []
    bounds: list[dict[str, Any]] = []
    measured = None
    for look, (name, layer) in _layers(frame):
        if layer.jacobian_norm is None:
            continue
        measured = layer.jacobian_norm
        traces += _lines(layer.jacobian_norm, name, look, axis, hover="‖J‖₂ = %{y:.4g}")
        if layer.jacobian_bound is not None and math.isfinite(layer.jacobian_bound):
            bound = level(
                _own_ends(layer.jacobian_norm, axis, name),
                layer.jacobian_bound,
                _bound_name(history),
                uid=f"bound-{name}",
                dash="dot",
                colour=look.colour,
                showlegend=not bounds,
                legendgroup="bound",
            )
            bounds.append(bound)
    norm_axis = _norm_axis([trace["y"] for trace in traces])
    if traces:
        traces += key_of_reversed([name for name, _ in _named(frame)])
        traces += [*bounds, level(axis.ends, 1.0, "1", uid="one")]
    return figure(
        traces,
        meta={"axis": axis.name},
        title="Step Jacobians",
        facts=_facts(frame, measured),
        x=axis.title,
        y="‖∂s<sub>t</sub>/∂s<sub>t−1</sub>‖₂",
        theme=theme,
        marks=axis.marks,
        x_span=axis.ends,
        xaxis=axis.ticks,
        yaxis=norm_axis,
        empty="" if traces else why_none(history, NOT_MEASURED) if frame else WAITING,
    )


def _norm_axis(norms: list[Floats]) -> dict[str, Any]:
    """From zero; a log axis where one norm is so large that the others would lie on zero."""
    known = np.concatenate([np.ravel(each) for each in norms]) if norms else np.ones(1)
    known = known[np.isfinite(known) & (known > 0)]
    if len(known) and known.max() > OUTLIER * np.median(known):
        return log_axis(known)
    return {"rangemode": "tozero"}


def transport(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """log10 ‖∂s_T/∂s_t‖ by timestep, the line at 1/e and each layer's gradient horizon.

    The horizon k, the middle probe's, is drawn at t = T − k; of a reversed direction, whose
    last state is s_1, at t = 1 + k. Arguments as for `gradient_flow`.
    """
    frame = history.frame_at(step)
    axis = time_axis(frame)
    traces: list[dict[str, Any]] = []
    marks: list[Mark] = []
    horizons: list[int] = []
    measured = None
    for look, (name, layer) in _layers(frame):
        if layer.transport_log10 is None:
            continue
        measured = layer.transport_log10
        traces += _lines(layer.transport_log10, name, look, axis, hover="10^%{y:.2f}")
        if math.isfinite(layer.horizon):
            of = f"{escaped(name)} " if len(history.layer_names) > 1 else ""
            T = len(layer.transport_log10)
            x = 1 + layer.horizon if is_reversed(name) else T - layer.horizon
            words = f"{of}horizon: {count_of(int(layer.horizon), 'timestep')}"
            x += axis.offsets.get(name, 0)
            horizons.append(int(layer.horizon))
            marks.append(Mark(x=x, text=words, colour=look.colour, at_bottom=True))
    if traces:
        traces += key_of_reversed([name for name, _ in _named(frame)])
        traces.append(level(axis.ends, -math.log10(math.e), "1/e", uid="1/e"))
    beyond = "" if marks or not traces else " · horizon ∞"
    if len(marks) > FEW:
        # So many words would hide each other, and the lines.
        marks = [replace(mark, text="") for mark in marks]
        beyond = f" · horizons {min(horizons)} to {count_of(max(horizons), 'timestep')}"
    return figure(
        traces,
        meta={"axis": axis.name},
        title="Transport to the last timestep",
        facts=_facts(frame, measured) + beyond,
        x=axis.title,
        y="log10 ‖∂s<sub>T</sub>/∂s<sub>t</sub>‖",
        theme=theme,
        marks=[*axis.marks, *marks],
        x_span=axis.ends,
        xaxis=axis.ticks,
        empty="" if traces else why_none(history, NOT_MEASURED) if frame else WAITING,
    )


def _named(frame: Frame | None) -> list[tuple[str, LayerFrame]]:
    return list(frame.layers.items()) if frame else []


def _layers(frame: Frame | None) -> list[tuple[Look, tuple[str, LayerFrame]]]:
    """Look, name and layer, lowest first."""
    found = looks([name for name, _ in _named(frame)])
    return [(found[name], (name, layer)) for name, layer in _named(frame)]


def _facts(frame: Frame | None, measured_TQ: Floats | None) -> str:
    if frame is None or measured_TQ is None:
        return ""
    probes = measured_TQ.shape[1]
    seen = "mean and range of " if len(frame.layers) <= FEW else "mean of "
    seen = seen if probes > 1 else ""
    return f"step {frame.step:,} · {seen}{count_of(probes, 'sequence')}"


def _own_ends(values_TQ: Floats, axis: TimeAxis, name: str) -> tuple[float, float]:
    """First and last place of one layer; of single layers those of the longest."""
    if name not in axis.offsets:
        return axis.ends
    first = axis.offsets[name]
    return first + 1.0, float(first + len(values_TQ))


def _timesteps(length: int) -> NDArray[np.signedinteger]:
    return np.arange(1, length + 1, dtype=np.int16 if length < 2**15 else np.int32)


def _lines(
    values_TQ: Floats, name: str, look: Look, axis: TimeAxis, *, hover: str
) -> list[dict[str, Any]]:
    """Mean and range over the probes; a gap where none is finite."""
    offset = axis.offsets.get(name, 0)
    name = escaped(name)
    own = _timesteps(len(values_TQ))
    t = own + np.asarray(offset, own.dtype)
    low, mean, high = spread(values_TQ)
    # A decoder's own t is not its place on the axis.
    place, extra = ("%{customdata}", {"customdata": own}) if offset else ("%{x}", {})
    hover = f"t = {place}: {name} {hover}<extra></extra>"
    group = escaped(look.group)
    more = {"legendgroup": group, "showlegend": look.in_legend, "dash": look.dash, **extra}
    mean_line = line(t, mean, name, look.colour, uid=name, hovertemplate=hover, **more)
    if not look.has_band:
        return [mean_line]
    return [band(t, low, high, look.colour, uid=f"band-{name}", group=group), mean_line]


def spread(values_TQ: Floats) -> tuple[Floats, Floats, Floats]:
    """Least, mean and greatest of the finite values at each timestep; nan where there are none."""
    known = np.isfinite(values_TQ)
    count = known.sum(axis=1)
    low = np.where(known, values_TQ, np.inf).min(axis=1)
    high = np.where(known, values_TQ, -np.inf).max(axis=1)
    total = np.where(known, values_TQ, 0).sum(axis=1)
    gap = np.where(count > 0, 1.0, np.nan).astype(values_TQ.dtype)
    with np.errstate(invalid="ignore"):
        return low * gap, total / np.maximum(count, 1) * gap, high * gap


def powers(log10: Floats) -> NDArray[np.float64]:
    """10 to the values, nan where that is 0 or not finite: a gap on a log axis."""
    with np.errstate(over="ignore", under="ignore"):
        out = np.power(10.0, log10.astype(np.float64))
    out[~np.isfinite(out) | (out == 0)] = np.nan
    return out
