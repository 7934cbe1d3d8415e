"""Pictures of one step, by timestep: gradient flow, step Jacobians, transport, gates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.style import (
    GATES,
    GREY,
    LAYERS,
    LIMIT,
    band,
    figure,
    line,
    note,
    powers,
    vertical,
)
from gradviz.history import Floats, History

FLOAT32_FLOOR = 1.1754944e-38
TIMESTEP = "timestep t"
WAITING = "Press Train"


def gradient_flow(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """‖∂L/∂h_t‖ by timestep: mean and range over the probes, a line a layer."""
    frame = history.frame_at(step)
    traces: list[dict[str, Any]] = []
    for index, (name, layer) in enumerate(frame.layers.items() if frame else ()):
        traces += _lines(powers(layer.hidden_grad_log10), name, LAYERS[index])
    lowest = min((np.nanmin(trace["y"], initial=1.0) for trace in traces), default=1.0)
    if lowest < 1e-20 and traces:
        ends = np.array([1.0, float(history.config.timesteps)])
        floor = [FLOAT32_FLOOR] * 2
        traces.append(line(ends, floor, "float32 floor", LIMIT, dash="dash"))
    return figure(
        traces,
        "Gradient flow now",
        TIMESTEP,
        "‖∂L/∂h_t‖",
        theme,
        yaxis={"type": "log", "exponentformat": "power", "title": {"text": "‖∂L/∂h<sub>t</sub>‖"}},
        annotations=[] if frame else [note(WAITING)],
    )


def step_jacobians(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """Spectral norm of J_t by timestep, the line at 1, and Pascanu's bound."""
    frame = history.frame_at(step)
    traces: list[dict[str, Any]] = []
    ends = np.array([1.0, float(history.config.timesteps)])
    for index, (name, layer) in enumerate(frame.layers.items() if frame else ()):
        if layer.jacobian_norm is not None:
            traces += _lines(layer.jacobian_norm, name, LAYERS[index])
        if layer.jacobian_bound is not None:
            ceiling = [layer.jacobian_bound] * 2
            traces.append(line(ends, ceiling, f"bound γ‖W‖ {name}", LAYERS[index], dash="dot"))
    if traces:
        traces.append(line(ends, [1.0, 1.0], "1", LIMIT, dash="dash"))
    return figure(
        traces,
        "Step Jacobians",
        TIMESTEP,
        "‖J<sub>t</sub>‖₂",
        theme,
        yaxis={"rangemode": "tozero"},
        annotations=[] if traces else [note("Not measured at this size" if frame else WAITING)],
    )


def transport(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """log10 ‖∂s_T/∂s_t‖ by timestep, the gradient horizon marked."""
    frame = history.frame_at(step)
    traces: list[dict[str, Any]] = []
    shapes = []
    last = history.config.timesteps
    for index, (name, layer) in enumerate(frame.layers.items() if frame else ()):
        if layer.transport_log10 is None or layer.gradient_horizon is None:
            continue
        traces += _lines(layer.transport_log10, name, LAYERS[index])
        horizon = float(np.median(layer.gradient_horizon))
        if math.isfinite(horizon):
            shapes.append(vertical(last - horizon, f"{name}: horizon {horizon:.0f}"))
    if traces:
        level = [-math.log10(math.e)] * 2
        traces.append(line(np.array([1.0, float(last)]), level, "1/e", LIMIT, dash="dash"))
    return figure(
        traces,
        "Transport to the last timestep",
        TIMESTEP,
        "log10 ‖∂s<sub>T</sub>/∂s<sub>t</sub>‖",
        theme,
        shapes=shapes,
        annotations=[] if traces else [note("Not measured at this size" if frame else WAITING)],
    )


def gates(
    history: History, step: int | None = None, theme: str = "light", layer: str | None = None
) -> go.Figure:
    """Mean and 10–90 % band of each gate by timestep, of the top layer unless another is named."""
    frame = history.frame_at(step)
    name = layer or (history.layer_names[-1] if frame else "")
    found = frame.layers[name].gates if frame else {}
    traces: list[dict[str, Any]] = []
    for gate, values in found.items():
        t = np.arange(1, values.shape[1] + 1)
        traces.append(band(t, values[1], values[2], GATES[gate], gate))
        traces.append(line(t, values[0], gate, GATES[gate], legendgroup=gate))
    empty = "A plain RNN has no gates" if history.config.cell == "rnn" else WAITING
    return figure(
        traces,
        f"Gates{f' of {name}' if len(history.layer_names) > 1 else ''}: mean, 10–90 %",
        TIMESTEP,
        "activation",
        theme,
        yaxis={"range": [-1.02, 1.02] if traces else [0, 1]},
        annotations=[] if traces else [note(empty)],
    )


def _lines(values: Floats, name: str, colour: str) -> list[dict[str, Any]]:
    """Mean and range over the probes of a (T, P) quantity."""
    t = np.arange(1, len(values) + 1)
    kept = np.isfinite(values).any(axis=1)
    if not kept.any():
        return [line(t, np.full(len(t), np.nan), name, GREY)]
    t, values = t[kept], values[kept]
    low, high = np.nanmin(values, axis=1), np.nanmax(values, axis=1)
    mean = np.nanmean(values, axis=1)
    return [band(t, low, high, colour, name), line(t, mean, name, colour, legendgroup=name)]
