"""Gradient flow over training: timestep by step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gradviz.figures.layer_look import layer_shown
from gradviz.figures.over_training import marks_of
from gradviz.figures.stops import first_reached
from gradviz.figures.style import MARGIN, figure
from gradviz.figures.time_axis import bottleneck_mark, own_ticks
from gradviz.figures.traces import level
from gradviz.figures.wording import WAITING, count_of, escaped
from gradviz.history import Floats, Frame, History, crossing

COLUMNS = 200
"""Most frames in the heatmap."""

ROWS = 250
"""Most rows: of more timesteps neighbours share one, for they would share a pixel anyway."""

BOTTLENECK = "#ffffff"
"""Of the line between encoder and decoder, on Viridis."""

_LN10 = np.float32(math.log(10))


def gradient_flow_over_training(
    history: History, step: int | None = None, theme: str = "light", layer: str | None = None
) -> go.Figure:
    """‖∂L/∂h_t‖, mean over the probes: timestep by step, log colour; h as in `gradient_flow`.

    A frame's column reaches half-way to its neighbours. A zero gradient leaves a grey gap. Of an
    encoder–decoder the encoder's timesteps lie below the decoder's.

    Args:
        history: the run; all of it is drawn.
        step: the scrub position, marked by a line.
        theme: "light" or "dark".
        layer: which layer's; None is the top one.
    """
    frames = history.frames_upto(most=COLUMNS)
    name = layer_shown(history, layer) if frames else ""
    # Of a user's own model, a layer may be left out of some passes.
    frames = [frame for frame in frames if name in frame.layers]
    pair = crossing(frames[-1]) if frames and layer is None else None
    traces: list[dict[str, Any]] = []
    facts = ""
    if frames:
        norms = [_norms(frame, name, both=pair is not None) for frame in frames]
        t, z_log10 = _log_means(norms)
        steps, columns = _even_steps(np.array([frame.step for frame in frames], np.int32))
        traces = [_heatmap(steps, t, z_log10[:, columns], history.symbol)]
        of = f"{escaped(name)}, " if len(history.layer_names) > 1 else ""
        of = "encoder below, decoder above, " if pair else of
        facts = f"{of}mean of {count_of(norms[-1].shape[1], 'sequence')}"
        varied = len({len(each) for each in norms}) > 1
        grey = " · grey: 0, not finite" if varied else " · grey: 0 or not finite"
        grey += " or no such timestep" if varied else ""
        first = first_reached(history)
        # Where rows stand for several timesteps, of a row that is stopped in part the rest is seen.
        facts += grey if np.isnan(z_log10[t > first]).any() else ""
        facts += f" · stopped before t = {first + 1}" if first else ""
        if pair:
            words = {"hovertemplate": "bottleneck<extra></extra>", "colour": BOTTLENECK}
            ends = (float(steps[0]), float(steps[-1]))
            height = bottleneck_mark(pair).x
            traces.append(level(ends, height, "bottleneck", uid="bottleneck", **words))
    return figure(
        traces,
        meta={"axis": "step"},
        title="Gradient flow over training",
        facts=facts,
        x="step",
        y="timestep t",
        theme=theme,
        marks=marks_of(history, step),
        # Of the frames, not of all steps: a picture that has nothing new need not be redrawn.
        x_span=(1.0, max(float(frames[-1].step), 2.0)) if frames else (1.0, 2.0),
        empty="" if frames else WAITING,
        showlegend=False,
        plot_bgcolor="rgba(136,136,136,0.35)" if frames else "rgba(0,0,0,0)",
        margin=MARGIN | {"t": 56},
        xaxis={"autorangeoptions": {"clipmin": 0.5}, "showgrid": False},
        yaxis={"showgrid": False, **(own_ticks(pair) if pair else {})},
    )


def _heatmap(
    steps: NDArray[np.int32], t: NDArray[np.float64], z_log10: NDArray[np.float32], symbol: str
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
            "title": {"text": f"‖∂L/∂{symbol}<sub>t</sub>‖", "side": "right"},
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


def _stacked(log10_TP: list[Floats]) -> Floats:
    """(F, T, P), of the longest sequence and the most probes; −inf, a zero, where a frame has less.

    Zeros are left out of the mean.
    """
    shape = np.max([each.shape for each in log10_TP], axis=0)
    stacked = np.full((len(log10_TP), *shape), -np.inf, np.float32)
    for target, each in zip(stacked, log10_TP, strict=True):
        target[: each.shape[0], : each.shape[1]] = each
    return stacked


def _norms(frame: Frame, name: str, *, both: bool) -> Floats:
    """(T, P) log10 of a layer's gradient norms; of `both` the encoder's, then the decoder's."""
    pair = crossing(frame) if both else None
    return pair.hidden_grad_log10 if pair else frame.layers[name].hidden_grad_log10


def _log_means(norms: list[Floats]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Timesteps (R,) and log10 of the mean norm over probes, (R, F), as `gradient_flow` has it.

    Zeros are left out of the mean; nan where all are 0 or one is not finite.
    """
    F = len(norms)
    log10 = _stacked(norms)
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
