"""Pictures by step: loss, gradient flow over training, clipping."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.style import (
    AFTER,
    BEFORE,
    BLUE,
    GREEN,
    GREY,
    LIMIT,
    figure,
    line,
    note,
    thinned,
    vertical,
)
from gradviz.history import History

COLUMNS = 200
WAITING = "Press Train"


def loss(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """Loss and, for a classification, accuracy by step; the floor; live changes marked."""
    steps, losses = history.column("step"), _finite(history.column("loss"))
    accuracy = history.column("accuracy")
    x, y, right = thinned(steps, losses, accuracy) if len(steps) else (steps, losses, accuracy)
    traces: list[dict[str, Any]] = [line(x, y, "loss", BLUE)] if len(steps) else []
    layout: dict[str, Any] = {}
    if len(steps) and np.isfinite(accuracy).any():
        traces.append(line(x, right, "accuracy", GREEN, yaxis="y2"))
        layout["yaxis2"] = {
            "title": {"text": "accuracy"},
            "overlaying": "y",
            "side": "right",
            "range": [0, 1.02],
            "showgrid": False,
        }
        layout["margin"] = {"l": 62, "r": 58, "t": 74, "b": 48}
    if history.floor is not None:
        ends = np.array([1.0, max(float(history.last_step), 2.0)])
        traces.append(line(ends, [history.floor] * 2, "learned nothing", LIMIT, dash="dash"))
    positive = losses[np.isfinite(losses) & (losses > 0)]
    wide = len(positive) > 0 and positive.max() > 30 * positive.min()
    return figure(
        traces,
        "Loss",
        "step",
        "loss",
        theme,
        yaxis={"type": "log" if wide else "linear"},
        shapes=_marks(history, step),
        annotations=[] if len(steps) else [note(WAITING)],
        **layout,
    )


def gradient_flow_over_training(
    history: History, step: int | None = None, theme: str = "light", layer: str | None = None
) -> go.Figure:
    """‖∂L/∂h_t‖, mean over the probes: timestep by step, log colour; the top layer by default."""
    frames = history.frames_upto(step, most=COLUMNS)
    traces: list[dict[str, Any]] = []
    title = "Gradient flow over training"
    if frames:
        name = layer or history.layer_names[-1]
        columns = [_log_mean(frame.layers[name].hidden_grad_log10) for frame in frames]
        z = np.stack(columns, axis=1).astype(np.float32)
        low = float(np.nanmin(z)) if np.isfinite(z).any() else -1.0
        high = float(np.nanmax(z)) if np.isfinite(z).any() else 0.0
        ticks = np.unique(np.linspace(np.floor(low), np.ceil(high), 5).round())
        traces = [
            {
                "type": "heatmap",
                "x": np.array([frame.step for frame in frames], dtype=np.float64),
                "y": np.arange(1, len(z) + 1),
                "z": z,
                "colorscale": "Viridis",
                "colorbar": {
                    "tickvals": ticks,
                    "ticktext": [f"1e{tick:.0f}" for tick in ticks],
                    "thickness": 12,
                },
                "hovertemplate": "step %{x}, timestep %{y}: 10^%{z:.1f}<extra></extra>",
            }
        ]
        if len(history.layer_names) > 1:
            title += f" ({name})"
    return figure(
        traces, title, "step", "timestep t", theme, annotations=[] if frames else [note(WAITING)]
    )


def clipping(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """Norm of all parameters' gradients before and after the clip, by step."""
    steps = history.column("step")
    before, after = history.column("grad_norm_pre"), history.column("grad_norm_post")
    threshold = history.column("clip_threshold")
    traces: list[dict[str, Any]] = []
    title = "Gradient norm before and after the clip"
    if len(steps):
        x, pre, post, limit = thinned(steps, _positive(before), _positive(after), threshold)
        traces = [line(x, pre, "before", BEFORE)]
        clipped = int(history.column("clipped").sum())
        if history.config.clip == "none":
            title = "Gradient norm (nothing is clipped)"
        else:
            traces.append(line(x, post, "after", AFTER))
            title += f": {clipped:,} of {len(steps):,} steps clipped"
        if history.config.clip == "norm":
            traces.append(line(x, limit, "threshold", LIMIT, dash="dash"))
    return figure(
        traces,
        title,
        "step",
        "‖∂L/∂θ‖₂",
        theme,
        yaxis={"type": "log", "exponentformat": "power"},
        shapes=_marks(history, step),
        annotations=[] if len(steps) else [note(WAITING)],
    )


def _marks(history: History, step: int | None) -> list[dict[str, Any]]:
    """Vertical lines where a setting was changed live, and at the scrubbed step."""
    shapes = []
    steps = history.column("step")
    for name, label in (("learning_rate", "lr"), ("clip_threshold", "clip")):
        values = history.column(name)
        for index in np.flatnonzero(np.diff(np.nan_to_num(values)) != 0)[:20]:
            shapes.append(vertical(steps[index + 1], f"{label} {values[index + 1]:g}"))
    if step is not None:
        mark = vertical(float(step))
        mark["line"] = {"color": GREY, "width": 2}
        shapes.append(mark)
    return shapes


def _log_mean(log10: Any) -> Any:
    """log10 of the mean over probes of 10^values, without under- or overflow."""
    peak = log10.max(axis=1)
    safe = np.where(np.isfinite(peak), peak, 0)
    mean = np.power(10.0, log10.astype(np.float64) - safe[:, None]).mean(axis=1)
    with np.errstate(divide="ignore"):
        value = safe + np.log10(mean)
    return np.where(np.isfinite(value), value, np.nan)


def _finite(values: Any) -> Any:
    return np.where(np.isfinite(values), values, np.nan)


def _positive(values: Any) -> Any:
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)
