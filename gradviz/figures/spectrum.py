"""Eigenvalues and singular values: of W_hh, and of the step Jacobian at the close-up's timestep.

What happens in the long run is decided by eigenvalues, what happens in one timestep by singular
values; the two differ where a matrix is not normal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.closely import closeup_at, facts_of, why_empty
from gradviz.figures.palette import BLUE, LIMIT, ORANGE
from gradviz.figures.style import figure, log_axis
from gradviz.figures.traces import level, line
from gradviz.history import Complexes, Floats, History

TOO_LARGE = "Too large a matrix to be decomposed live"
_SQUARE: dict[str, Any] = {
    "xaxis": {"constrain": "domain"},
    "yaxis": {"scaleanchor": "x", "constrain": "domain"},
}
"""The unit circle is one."""
NOT_FINITE = "Not finite at this step"


def eigenvalues(history: History, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """Eigenvalues of W_hh (a plain RNN's) and of J_t = ∂s_t/∂s_{t−1}, with the unit circle.

    Args:
        history: the run, with close-ups.
        step: the scrub position; None is the newest frame.
        theme: "light" or "dark".
    """
    closeup = closeup_at(history, step)
    traces: list[dict[str, Any]] = []
    radii = ""
    if closeup:
        for name, values, colour, symbol in (
            ("W<sub>hh</sub>", closeup.recurrent_eigenvalues, ORANGE, "circle-open"),
            ("J<sub>t</sub>", closeup.jacobian_eigenvalues, BLUE, "circle"),
        ):
            if values is not None and np.isfinite(values).any():
                traces.append(_points(values, name, colour, symbol))
                radii += f" · ρ({name}) = {np.abs(values[np.isfinite(values)]).max():.3g}"
    if traces:
        traces.insert(0, _circle())
    axes: dict[str, Any] = dict(_SQUARE) if traces else {}
    return figure(
        traces,
        title="Eigenvalues",
        facts=_facts(history, step) + radii if traces else "",
        x="real part",
        y="imaginary part",
        theme=theme,
        empty="" if traces else _empty(history, step),
        **axes,
    )


def singular_values(
    history: History, step: int | None = None, *, theme: str = "light"
) -> go.Figure:
    """Singular values of J_t, largest first, and the line at 1; the first is ‖J_t‖₂.

    Arguments as for `eigenvalues`.
    """
    closeup = closeup_at(history, step)
    traces: list[dict[str, Any]] = []
    axis: dict[str, Any] = {}
    facts = ""
    if closeup and np.isfinite(closeup.jacobian_singular_values).any():
        values = closeup.jacobian_singular_values
        index = np.arange(1, len(values) + 1, dtype=np.int32)
        axis = _axis(values)
        shown = np.where(values > 0, values, np.nan) if axis.get("type") == "log" else values
        hover = "σ<sub>%{x}</sub> = %{y:.4g}<extra></extra>"
        curve = line(index, shown, "σᵢ(J<sub>t</sub>)", BLUE, uid="sigma", hovertemplate=hover)
        ends = (1.0, float(max(len(values), 2)))
        traces = [curve | {"mode": "lines+markers", "marker": {"size": 4}}]
        traces.append(level(ends, 1.0, "1", uid="one"))
        facts = f" · ‖J<sub>t</sub>‖₂ = {np.nanmax(values):.3g}, least {np.nanmin(values):.2g}"
    return figure(
        traces,
        title="Singular values of the step Jacobian",
        facts=_facts(history, step) + facts if traces else "",
        x="index i",
        y="σ<sub>i</sub>",
        theme=theme,
        yaxis=axis,
        empty="" if traces else _empty(history, step),
        meta={"axis": "index"},
    )


def _axis(values: Floats) -> dict[str, Any]:
    """A log axis where they span two decades or more, without those lost in float32's rounding."""
    positive = values[np.isfinite(values) & (values > 0)]
    if len(positive) and positive.max() > 100 * positive.min():
        return {"uirevision": "log", **log_axis(positive)}
    return {"uirevision": "linear", "rangemode": "tozero"}


def _points(values: Complexes, name: str, colour: str, symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": name,
        "name": name,
        "x": values.real,
        "y": values.imag,
        "marker": {"color": colour, "symbol": symbol, "size": 6, "line": {"color": colour}},
        "hovertemplate": f"{name}: %{{x:.3f}} %{{y:+.3f}}i<extra></extra>",
    }


def _circle() -> dict[str, Any]:
    angle = np.linspace(0, 2 * np.pi, 121, dtype=np.float32)
    look = {"dash": "dash", "hoverinfo": "skip"}
    return line(np.cos(angle), np.sin(angle), "unit circle", LIMIT, uid="circle", **look)


def _facts(history: History, step: int | None) -> str:
    """Which step and which Jacobian."""
    closeup = closeup_at(history, step)
    return facts_of(history, step, f"t = {closeup.timestep}") if closeup else ""


def _empty(history: History, step: int | None) -> str:
    closeup = closeup_at(history, step)
    if closeup is None:
        return why_empty(history, step)
    return NOT_FINITE if len(closeup.jacobian_singular_values) else TOO_LARGE
