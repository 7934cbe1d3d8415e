"""Pictures by step: loss, gradient flow over training, clipping."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gradviz.figures.style import (
    ACCURACY,
    AFTER,
    BEFORE,
    LIMIT,
    LOSS,
    MARGIN,
    RED,
    SCRUB,
    WAITING,
    Mark,
    count_of,
    escaped,
    figure,
    layer_shown,
    level,
    line,
    log_axis,
    thinned,
)
from gradviz.history import Floats, Frame, History

COLUMNS = 200
"""Most frames in the heatmap."""

ROWS = 250
"""Most rows: of more timesteps neighbours share one, for they would share a pixel anyway."""

WIDE = 30.0
"""A loss whose greatest value is so many times its least is drawn on a log axis."""

LABELLED_MARKS = 4
"""Live changes that are named; of many changes the newest. All are drawn."""

_LN10 = np.float32(math.log(10))


def loss(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """Loss and, for a classification, accuracy by step; the floor; live changes marked.

    Args:
        history: the run; all of it is drawn.
        step: the scrub position, marked by a line.
        theme: "light" or "dark".
    """
    steps, losses = history.column("step"), _finite(history.column("loss"))
    accuracy = history.column("accuracy")
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {}
    if len(steps):
        hover = "step %{x:,}: loss %{y:.4g}<extra></extra>"
        drawn = thinned(steps, losses)
        traces.append(line(*drawn, "loss", LOSS, uid="loss", hovertemplate=hover))
    if np.isfinite(accuracy).any():
        hover = "step %{x:,}: accuracy %{y:.1%}<extra></extra>"
        drawn = thinned(steps, accuracy)
        own = {"yaxis": "y2", "hovertemplate": hover}
        traces.append(line(*drawn, "accuracy", ACCURACY, uid="accuracy", **own))
        layout = _accuracy_axis()
    if history.floor is not None and len(steps):
        floor = level(_span(history), history.floor, "floor", uid="floor")
        traces.append(floor)
    positive = losses[losses > 0]
    wide = len(positive) > 0 and positive.max() > WIDE * positive.min()
    return figure(
        traces,
        title="Loss",
        facts="" if history.floor is None else f"floor of “learned nothing”: {history.floor:.3g}",
        x="step",
        y="loss",
        theme=theme,
        # A zoom made on one kind of axis means nothing on the other.
        yaxis={"uirevision": "log", **log_axis(positive)} if wide else {"uirevision": "linear"},
        marks=_marks(history, step),
        x_span=_span(history),
        empty="" if len(steps) else WAITING,
        **layout,
    )


def gradient_flow_over_training(
    history: History, step: int | None = None, theme: str = "light", layer: str | None = None
) -> go.Figure:
    """‖∂L/∂h_t‖, mean over the probes: timestep by step, log colour.

    A frame's column reaches half-way to its neighbours. A zero gradient leaves a grey gap.

    Args:
        history: the run; all of it is drawn.
        step: the scrub position, marked by a line.
        theme: "light" or "dark".
        layer: which layer's; None is the top one.
    """
    frames = history.frames_upto(most=COLUMNS)
    traces: list[dict[str, Any]] = []
    facts = ""
    if frames:
        name = layer_shown(history, layer)
        t, z_log10 = _log_means(frames, name)
        steps, columns = _even_steps(np.array([frame.step for frame in frames], np.int32))
        traces = [_heatmap(steps, t, z_log10[:, columns])]
        of = f"{escaped(name)}, " if len(history.layer_names) > 1 else ""
        probes = frames[-1].layers[name].hidden_grad_log10.shape[1]
        facts = f"{of}mean of {count_of(probes, 'sequence')}"
        facts += " · grey: 0 or not finite" if np.isnan(z_log10).any() else ""
    return figure(
        traces,
        title="Gradient flow over training",
        facts=facts,
        x="step",
        y="timestep t",
        theme=theme,
        marks=_marks(history, step),
        x_span=_span(history),
        empty="" if frames else WAITING,
        showlegend=False,
        plot_bgcolor="rgba(136,136,136,0.35)" if frames else "rgba(0,0,0,0)",
        margin=MARGIN | {"t": 56},
        xaxis={"autorangeoptions": {"clipmin": 0.5}, "showgrid": False},
        yaxis={"showgrid": False},
    )


def clipping(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """Norm of all parameters' gradients before and after the clip, by step.

    The threshold is drawn for a clip by norm only: a clip by value bounds entries, no norm.
    Steps are counted up to the scrub position. Arguments as for `loss`.
    """
    steps = history.column("step")
    before = _positive(history.column("grad_norm_pre"))
    after = _positive(history.column("grad_norm_post"))
    clip = history.config.clip
    traces: list[dict[str, Any]] = []
    if len(steps):
        hover = "step %{x:,}: %{y:.3g}<extra></extra>"
        name = "norm" if clip == "none" else "before"
        drawn = thinned(steps, before)
        traces.append(line(*drawn, name, BEFORE, uid="before", hovertemplate=hover))
        if clip != "none":
            drawn = thinned(steps, after)
            traces.append(line(*drawn, "after", AFTER, uid="after", hovertemplate=hover))
        if clip == "norm":
            traces.append(_threshold(history))
    return figure(
        traces,
        title="Gradient norm and clip",
        facts=_clip_facts(history, step),
        x="step",
        y="‖∂L/∂θ‖₂",
        theme=theme,
        yaxis=log_axis(*(trace["y"] for trace in traces)),
        marks=_marks(history, step),
        x_span=_span(history),
        empty="" if len(steps) else WAITING,
    )


def _accuracy_axis() -> dict[str, Any]:
    axis = {
        "title": {"text": "accuracy", "standoff": 4},
        "overlaying": "y",
        "side": "right",
        "range": [-0.02, 1.02],
        "tickmode": "array",
        "tickvals": [0, 0.5, 1],
        "tickformat": ".0%",
        "showgrid": False,
    }
    return {"yaxis2": axis, "margin": MARGIN | {"r": 58}}


def _heatmap(
    steps: NDArray[np.int32], t: NDArray[np.float64], z_log10: NDArray[np.float32]
) -> dict[str, Any]:
    known = z_log10[np.isfinite(z_log10)]
    low = math.floor(known.min()) if len(known) else -1
    high = max(math.ceil(known.max()) if len(known) else 0, low + 1)
    ticks = list(range(high, low - 1, -math.ceil((high - low) / 5)))[::-1]
    # Whole decades, so that colours do not shift with every column.
    return {
        "type": "heatmap",
        "uid": "flow",
        "x": steps,
        "y": t,
        "z": z_log10,
        "zmin": low,
        "zmax": high,
        "colorscale": "Viridis",
        "colorbar": {
            "title": {"text": "‖∂L/∂h<sub>t</sub>‖", "side": "right"},
            "tickvals": ticks,
            "ticktext": [f"10<sup>{str(tick).replace('-', '−')}</sup>" for tick in ticks],
            "thickness": 12,
            "outlinewidth": 0,
        },
        "hovertemplate": "step %{x:,}, timestep %{y}: 10^%{z:.1f}<extra></extra>",
    }


def _even_steps(steps: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """At most COLUMNS + 1 steps of even distance, and for each the frame nearest to it.

    plotly.js draws an even heatmap as one scaled image: 5 ms in place of 20.
    """
    gaps = np.diff(steps)
    stride = math.ceil((steps[-1] - steps[0]) / COLUMNS)
    if len(gaps):
        stride = max(stride, int(np.gcd.reduce(gaps)))
    even = np.arange(steps[-1], steps[0] - 1, -max(stride, 1), dtype=np.int32)[::-1]
    return even, np.searchsorted(steps[1:] + steps[:-1], 2 * even, side="left")


def _log_means(frames: list[Frame], name: str) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Timesteps (R,) and log10 of the mean norm over probes, (R, F), as `gradient_flow` has it.

    Zeros are left out of the mean; nan where all are 0 or one is not finite.
    """
    F = len(frames)
    log10 = np.stack([frame.layers[name].hidden_grad_log10 for frame in frames])
    t = np.arange(1.0, log10.shape[1] + 1)
    per_row = math.ceil(len(t) / ROWS)
    if per_row > 1:
        # The first row repeats t = 1 where T is no multiple; rows keep an even distance.
        missing = -len(t) % per_row
        log10 = np.pad(log10, ((0, 0), (missing, 0), (0, 0)), mode="edge")
        t = np.arange(1.0 - missing, len(t) + 1).reshape(-1, per_row).mean(axis=1)
    grouped = log10.reshape(F, len(t), -1)
    peak = grouped.max(axis=2)
    peak = np.where(np.isfinite(peak), peak, np.float32(0))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        total = np.exp((grouped - peak[:, :, None]) * _LN10).sum(axis=2)
        value = peak + np.log10(total / (grouped > -np.inf).sum(axis=2))
    value[~np.isfinite(value)] = np.nan
    return t, np.ascontiguousarray(value.T, dtype=np.float32)


def _threshold(history: History) -> dict[str, Any]:
    """The clip threshold, with a stair where it was changed live."""
    steps, values = history.column("step"), history.column("clip_threshold")
    at = np.concatenate([[0], np.flatnonzero(np.diff(values) != 0) + 1, [len(steps) - 1]])
    return line(
        steps[at],
        values[at],
        "threshold",
        LIMIT,
        uid="threshold",
        dash="dash",
        shape="hv",
        hovertemplate="threshold %{y:.3g}<extra></extra>",
    )


def _clip_facts(history: History, step: int | None) -> str:
    clipped = history.column("clipped", upto=step)
    clip = history.config.clip
    if not len(clipped):
        return ""
    if clip == "none":
        return "nothing is clipped"
    share = f"clipped {int(clipped.sum()):,} of {count_of(len(clipped), 'step')}"
    threshold = history.column("clip_threshold", upto=step)[-1]
    return f"{share}, " + (
        f"each entry to ±{threshold:g}" if clip == "value" else f"norm to {threshold:g}"
    )


def _marks(history: History, step: int | None) -> list[Mark]:
    """Where a setting was changed live, where the run failed, and the scrub position."""
    steps = history.column("step")
    changes: list[Mark] = []
    for name, label in (("learning_rate", "learning rate"), ("clip_threshold", "clip at")):
        values = history.column(name)
        for index in np.flatnonzero(np.diff(np.nan_to_num(values)) != 0) + 1:
            changes.append(Mark(x=float(steps[index]), text=f"{label} {values[index]:g}"))
    changes.sort(key=lambda mark: mark.x)
    named = len(changes) - LABELLED_MARKS
    marks = [m if i >= named else Mark(x=m.x) for i, m in enumerate(changes)]
    if history.failure:
        kind = {"nan": "NaN", "inf": "infinite", "norm overflow": "overflow"}[history.failure.kind]
        at = float(history.failure.step)
        marks.append(Mark(x=at, text=f"{kind} at step {history.failure.step:,}", colour=RED))
    if step is not None:
        marks.append(Mark(x=float(step), text=f"step {step:,}", colour=SCRUB, dash="solid"))
    return marks


def _span(history: History) -> tuple[float, float]:
    return 1.0, max(float(history.last_step), 2.0)


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _positive(values: Floats) -> Floats:
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)
