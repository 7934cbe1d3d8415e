"""Every gate of one sequence, unit by timestep, below the input that drove it.

Karpathy, Johnson & Fei-Fei 2015 (arXiv 1506.02078) looked at units beside the text they read.

Index legend: T timesteps, H hidden size, U ≤ H units drawn.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gradviz.figures.closely import closeup_at, facts_of, gate_words, why_empty
from gradviz.figures.inputs import (
    image_trace,
    input_axis,
    input_traces,
    view_of,
)
from gradviz.figures.palette import GATES
from gradviz.figures.style import MARGIN, figure
from gradviz.figures.wording import escaped
from gradviz.history import CloseUp, Floats, History, memory_gate

COLUMNS = 250
"""Of more timesteps neighbours share a column, for they would share a pixel anyway."""

UNITS = 128
"""Of more units every second, third, … is drawn."""

TOP, FOOT, GAP = 56, 44, 10
INPUT, MAP = 84, 150
"""Heights in pixels of the input's row and of one map's."""

SIGNED = {
    "light": ((0, "#2166ac"), (0.5, "#f7f7f7"), (1, "#b2182b")),
    "dark": ((0, "#6ab0ea"), (0.5, "#20232b"), (1, "#f08a5d")),
}
"""Negative, zero, positive; zero is near the page's own ground."""


def gate_maps(
    history: History, step: int | None = None, *, theme: str = "light", by_mean: bool = False
) -> go.Figure:
    """Unit × timestep heatmaps of each gate of one sequence; without gates, of h_t.

    The input stands on top, on the same timesteps. σ gates have a scale of 0…1, the candidate and
    a tanh RNN's h_t of −1…1. 344 pixels high for a plain RNN, 664 for a GRU, 824 for an LSTM.

    Args:
        history: the run, with close-ups.
        step: the scrub position; None is the newest frame.
        theme: "light" or "dark".
        by_mean: whether units are sorted by the mean over the sequence of the gate that keeps the
            memory (forget, update; else the state), greatest on top; one order for all maps.
    """
    closeup = closeup_at(history, step)
    if closeup is None:
        return figure(
            [],
            title="Units by timestep",
            facts="",
            x="timestep t",
            y="unit",
            theme=theme,
            empty=why_empty(history, step),
            meta={"axis": "timestep"},
        )
    maps, symbol = _maps(closeup), history.symbol
    units = _units(closeup, by_mean=by_mean)
    T = len(closeup.hidden)
    traces, layout = _input_row(history, closeup, len(maps))
    for row, (name, values) in enumerate(maps.items(), start=2):
        traces.append(_map(name, values, units, row, symbol))
        words = f"{symbol}<sub>t</sub>" if name == "hidden" else gate_words(name, maps)
        layout[f"yaxis{row}"] = _unit_axis(name, words, units, row, len(maps), by_mean=by_mean)
    grey = not all(np.isfinite(values).all() for values in maps.values())
    return figure(
        traces,
        title="Gates, unit by unit" if closeup.gates else "Hidden state, unit by unit",
        facts=facts_of(history, step, *_told(closeup, units, symbol, grey=grey, by_mean=by_mean)),
        x="timestep t",
        y=view_of(history).label,
        theme=theme,
        showlegend=False,
        height=_height(len(maps)),
        meta={"axis": "timestep"},
        xaxis={
            "anchor": f"y{len(maps) + 1}",
            "range": [0.5, T + 0.5],
            "showgrid": False,
            **layout.pop("xaxis"),
        },
        plot_bgcolor="rgba(136,136,136,0.35)" if grey else "rgba(0,0,0,0)",
        **_colours(maps, theme, x=1.015 if "xaxis2" not in layout else 0.875),
        **layout,
    )


def _maps(closeup: CloseUp) -> dict[str, Floats]:
    """What is drawn, top down: σ gates, then the candidate, which has another scale."""
    gates = [name for name in closeup.gates if name != "candidate"]
    if "candidate" in closeup.gates:
        gates.append("candidate")
    return {name: closeup.gates[name] for name in gates} or {"hidden": closeup.hidden}


def _units(closeup: CloseUp, *, by_mean: bool) -> NDArray[np.intp]:
    """(U,) the units drawn, from 0, top down."""
    H = closeup.hidden.shape[1]
    order = np.arange(H)
    if by_mean:
        kept = memory_gate(closeup)
        order = np.argsort(-(kept[1] if kept else closeup.hidden).mean(axis=0), kind="stable")
    return order[:: math.ceil(H / UNITS)]


def _told(
    closeup: CloseUp, units: NDArray[np.intp], symbol: str, *, grey: bool, by_mean: bool
) -> list[str]:
    kept = memory_gate(closeup)
    told = [f"by mean {kept[0] if kept else symbol}" if by_mean else "units in order"]
    H = closeup.hidden.shape[1]
    told += [f"{len(units)} of {H}"] if len(units) < H else []
    return told + (["grey: not finite"] if grey else [])


def _map(
    name: str, values_TH: Floats, units: NDArray[np.intp], row: int, symbol: str
) -> dict[str, Any]:
    t, z = _pooled(values_TH[:, units])
    signed = name in ("candidate", "hidden")
    word = symbol if name == "hidden" else escaped(name)
    return {
        "type": "heatmap",
        "uid": name,
        "x": t,
        # As words, for sorted units have no even distance.
        "y": [str(unit + 1) for unit in units],
        "z": np.ascontiguousarray(np.where(np.isfinite(z), z, np.nan).T, dtype=np.float32),
        "yaxis": f"y{row}",
        "coloraxis": "coloraxis2" if signed else "coloraxis",
        "hoverongaps": False,
        "hovertemplate": f"t = %{{x}}, unit %{{y}}: {word} %{{z:.3f}}<extra></extra>",
    }


def _pooled(values_TU: Floats) -> tuple[NDArray[np.float64], Floats]:
    """Columns' timesteps and means; the last repeats t = T where T is no multiple."""
    per_column = math.ceil(len(values_TU) / COLUMNS)
    missing = -len(values_TU) % per_column
    padded = np.pad(values_TU, ((0, missing), (0, 0)), mode="edge")
    t = np.arange(1.0, len(padded) + 1).reshape(-1, per_column).mean(axis=1)
    return t, padded.reshape(len(t), per_column, -1).mean(axis=1)


def _height(maps: int) -> int:
    return TOP + INPUT + maps * (GAP + MAP) + FOOT


def _domain(row: int, maps: int) -> list[float]:
    """Share of the plot's height that a row takes; 1 is the input's, the maps follow."""
    inside = _height(maps) - TOP - FOOT
    high = 0 if row == 1 else INPUT + GAP + (row - 2) * (MAP + GAP)
    low = high + (INPUT if row == 1 else MAP)
    return [1 - low / inside, 1 - high / inside]


def _unit_axis(
    name: str, words: str, units: NDArray[np.intp], row: int, maps: int, *, by_mean: bool
) -> dict[str, Any]:
    font = {"color": GATES[name]} if name in GATES else {}
    return {
        "domain": _domain(row, maps),
        "title": {"text": words, "standoff": 8, "font": font},
        "type": "category",
        "range": [len(units) - 0.5, -0.5],
        "showgrid": False,
        "tickvals": [] if by_mean else _even(units),
    }


def _even(units: NDArray[np.intp]) -> list[str]:
    """First, middle and last unit's words."""
    return [str(units[at] + 1) for at in sorted({0, len(units) // 2, len(units) - 1})]


def _input_row(
    history: History, closeup: CloseUp, maps: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    view, inputs = view_of(history), closeup.inputs
    traces = input_traces(view, inputs, closeup.words)
    layout: dict[str, Any] = {
        "yaxis": {"domain": _domain(1, maps), **input_axis(view, inputs, closeup.words)},
        "xaxis": {},
        "margin": MARGIN | {"t": TOP, "b": FOOT, "r": 60},
    }
    if view.kind == "image":
        # The whole image beside it, above the colour bars.
        hidden = {"visible": False, "constrain": "domain"}
        traces.append({**image_trace(inputs), "xaxis": "x2", "yaxis": f"y{maps + 2}"})
        layout["xaxis"] = {"domain": [0, 0.86]}
        layout["xaxis2"] = {**hidden, "domain": [0.875, 1], "anchor": f"y{maps + 2}"}
        whole = {"anchor": "x2", "scaleanchor": "x2", "autorange": "reversed"}
        layout[f"yaxis{maps + 2}"] = {**hidden, **whole, "domain": _domain(1, maps)}
        layout["margin"] = layout["margin"] | {"r": 16}
    return traces, layout


def _colours(maps: dict[str, Floats], theme: str, *, x: float) -> dict[str, Any]:
    """A scale and its bar for the σ gates, another for what has a sign."""
    last = len(maps) + 1
    gates = len(maps) - ("candidate" in maps)
    if "hidden" in maps:
        return {"coloraxis2": _scale(theme, _most(maps["hidden"]), x, (last, last), len(maps))}
    found = {"coloraxis": _scale("", 1.0, x, (2, gates + 1), len(maps))}
    if "candidate" in maps:
        found["coloraxis2"] = _scale(theme, 1.0, x, (last, last), len(maps))
    return found


def _scale(theme: str, most: float, x: float, rows: tuple[int, int], maps: int) -> dict[str, Any]:
    """Colours of −most…most, or without a theme of 0…most, with a bar beside the rows."""
    low, high = _domain(rows[1], maps)[0], _domain(rows[0], maps)[1]
    least = -most if theme else 0.0
    ticks = [least, (least + most) / 2, most]
    bar = {
        "x": x,
        "xanchor": "left",
        "xpad": 0,
        "y": (low + high) / 2,
        "yanchor": "middle",
        # A little short, so that the numbers of two bars do not meet.
        "len": high - low - GAP / (_height(maps) - TOP - FOOT),
        "ypad": 0,
        "thickness": 10,
        "outlinewidth": 0,
        "tickvals": ticks,
        "ticktext": [f"{tick:g}".replace("-", "−") for tick in ticks],
    }
    colours = SIGNED[theme] if theme else "Viridis"
    return {"cmin": least, "cmax": most, "colorscale": colours, "colorbar": bar}


def _most(hidden_TH: Floats) -> float:
    """1, or for a ReLU's greater values the next power of two, so that colours seldom shift."""
    finite = np.abs(hidden_TH[np.isfinite(hidden_TH)])
    most = float(finite.max()) if len(finite) else 1.0
    return 2.0 ** math.ceil(math.log2(most)) if most > 1 else 1.0
