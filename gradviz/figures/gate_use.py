"""How one sequence used its gates: means by timestep, and how often each is shut or open.

Index legend: T timesteps, H hidden size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.closely import closeup_at, facts_of, why_empty
from gradviz.figures.gate_bands import gate_band, gate_rows
from gradviz.figures.inputs import input_marks, view_of
from gradviz.figures.marks import Mark
from gradviz.figures.palette import BLUE, GATES, GREY
from gradviz.figures.style import figure
from gradviz.figures.traces import band, line
from gradviz.figures.wording import count_of, escaped
from gradviz.history import CloseUp, Floats, History

SYMBOLS = {
    "forget": "circle",
    "input": "diamond",
    "output": "square",
    "update": "circle",
    "reset": "diamond",
    "highway": "square",
}


def gate_means(history: History, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """Mean and 10–90 % band of each gate over the units, by timestep, of one sequence.

    Without gates, of h_t, or what the cell has in its place. The timesteps that the task marks are
    lines.

    Args:
        history: the run, with close-ups.
        step: the scrub position; None is the newest frame.
        theme: "light" or "dark".
    """
    closeup = closeup_at(history, step)
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {}
    marks: list[Mark] = []
    symbol = history.symbol
    if closeup:
        marks = input_marks(view_of(history), closeup.inputs)
        traces, layout = _gates(closeup) if closeup.gates else _hidden(closeup, symbol)
        layout.setdefault("xaxis", {})["range"] = [0.5, len(closeup.hidden) + 0.5]
    gated = closeup is None or bool(closeup.gates)
    return figure(
        traces,
        title="Mean of the gates" if gated else "Mean hidden state",
        facts=facts_of(history, step, "mean and 10–90 % of units"),
        x="timestep t",
        y="gate" if gated else f"{symbol}<sub>t</sub>",
        theme=theme,
        marks=marks,
        x_span=(1.0, float(len(closeup.hidden) if closeup else 2)),
        empty="" if traces else why_empty(history, step),
        meta={"axis": "timestep"},
        **layout,
    )


def saturation_triangle(
    history: History, step: int | None = None, *, theme: str = "light"
) -> go.Figure:
    """Each unit's share of timesteps with a gate below 0.1 (x) and above 0.9 (y), by gate.

    On the line x + y = 1 a unit is always one or the other (Karpathy, Johnson & Fei-Fei 2015,
    arXiv 1506.02078). Over all probe sequences. Arguments as for `gate_means`.
    """
    closeup = closeup_at(history, step)
    saturation = closeup.saturation if closeup else {}
    traces = [_points(escaped(gate), sides) for gate, sides in saturation.items()]
    if traces:
        edge = line([0, 1], [1, 0], "x + y = 1", GREY, uid="edge", dash="dash")
        traces.append({**edge, "hoverinfo": "skip", "showlegend": False})
    units = len(closeup.hidden[0]) if closeup else 0
    axis = {"range": [-0.04, 1.04], "tickformat": ".0%", "dtick": 0.5}
    return figure(
        traces,
        title="Saturation of the gates",
        facts=facts_of(history, step, f"{count_of(units, 'unit')}, all sequences", sequence=False),
        x="share of timesteps below 0.1",
        y="share above 0.9",
        theme=theme,
        empty="" if traces else why_empty(history, step, gated=True),
        meta={"axis": "saturation"},
        xaxis=axis,
        yaxis=axis,
    )


def _gates(closeup: CloseUp) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    bands = {name: spread(gate) for name, gate in closeup.gates.items()}
    return [trace for name, values in bands.items() for trace in gate_band(name, values)], (
        gate_rows(with_candidate="candidate" in bands)
    )


def _hidden(closeup: CloseUp, symbol: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    mean, low, high = spread(closeup.hidden)
    t = np.arange(1, len(mean) + 1, dtype=np.int32)
    hover = f"t = %{{x}}: mean {symbol} %{{y:.3f}}<extra></extra>"
    return [
        band(t, low, high, BLUE, uid="band-hidden", group="hidden"),
        line(t, mean, "hidden", BLUE, uid="hidden", legendgroup="hidden", hovertemplate=hover),
    ], {"showlegend": False}


def spread(values_TH: Floats) -> Floats:
    """(3, T): mean, 10th and 90th percentile over the units; nan where one is not finite."""
    known = np.isfinite(values_TH).all(axis=1)
    found = np.full((3, len(values_TH)), np.nan, np.float32)
    if known.any():
        seen = values_TH[known]
        found[:, known] = [seen.mean(axis=1), *np.percentile(seen, [10, 90], axis=1)]
    return found


def _points(gate: str, sides_H2: Floats) -> dict[str, Any]:
    sides_H2 = np.where(np.isfinite(sides_H2), sides_H2, np.nan)
    hover = f"unit %{{customdata}}, {gate}: %{{x:.0%}} below, %{{y:.0%}} above<extra></extra>"
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": gate,
        "name": gate,
        "x": sides_H2[:, 0],
        "y": sides_H2[:, 1],
        "customdata": np.arange(1, len(sides_H2) + 1),
        "marker": {"color": GATES[gate], "symbol": SYMBOLS[gate], "size": 8, "opacity": 0.7},
        "hovertemplate": hover,
        "cliponaxis": False,
    }
