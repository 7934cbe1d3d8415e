"""A unit pulse sent backward through time, timestep by timestep: an animation.

Index legend: T timesteps, H hidden size, N state size (2H for an LSTM, whose state is (h, c)).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gradviz.figures.closely import closeup_at, facts_of, why_empty
from gradviz.figures.palette import BLUE, ORANGE, SCRUB
from gradviz.figures.style import figure
from gradviz.figures.traces import line
from gradviz.history import CloseUp, Floats, History

MOST_FRAMES = 121
MOST_BARS = 30_000
"""Of all frames together; a bar is five characters on the wire."""

FEWEST_FRAMES = 21


def pulse(history: History, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """|∂h_T[u]/∂s_t| by unit, a frame a timestep from t = T back to 0, and log10 of its length.

    The bars are relative: all of a timestep together, squared, are 1. The curve says how long
    ∂h_T[u]/∂s_t is, which is what the bars have to be multiplied with.

    Args:
        history: the run, with close-ups.
        step: the scrub position; None is the newest frame.
        theme: "light" or "dark".
    """
    closeup = closeup_at(history, step)
    if closeup is None or not np.isfinite(closeup.pulse_log10).any():
        return _figure([], "", theme, empty="Not finite" if closeup else why_empty(history, step))
    T, symbol = len(closeup.pulse) - 1, history.symbol
    facts = facts_of(history, step, f"from unit {closeup.unit} of {symbol}<sub>T</sub>")
    made = _figure([*_at(closeup, T, symbol), _curve(closeup)], facts, theme, **_rows(T))
    made.frames = [_frame(closeup, t, symbol) for t in _shown(*closeup.pulse.shape)]
    return made


def _figure(traces: list[dict[str, Any]], facts: str, theme: str, **more: Any) -> go.Figure:
    title = "A unit pulse, sent backward"
    more = {"height": 400, **more}
    return figure(
        traces, title=title, facts=facts, x="timestep t", y="log10 length", theme=theme, **more
    )


def _shown(rows: int, units: int) -> NDArray[np.int64]:
    """Timesteps that have a frame, T first and 0 last."""
    most = min(max(MOST_BARS // units, FEWEST_FRAMES), MOST_FRAMES, rows)
    return np.linspace(rows - 1, 0, most).round().astype(int)


def _frame(closeup: CloseUp, t: int, symbol: str) -> dict[str, Any]:
    """What changes: the bars' heights and the point on the curve.

    A plain dict, because plotly takes 3 ms to make a go.Frame of it and 0.2 ms to read it.
    """
    kept = ("type", "x", "y")
    *bars, point = _at(closeup, t, symbol)
    changed = [*({"type": "bar", "y": each["y"]} for each in bars), {k: point[k] for k in kept}]
    return {"name": f"t = {t}", "data": changed, "traces": list(range(len(changed)))}


def _at(closeup: CloseUp, t: int, symbol: str) -> list[dict[str, Any]]:
    """The bars at a timestep, of h or what the cell has in its place, and c; the curve's point."""
    H = closeup.hidden.shape[1]
    sizes = np.abs(closeup.pulse[t])
    traces = [_bars(symbol, sizes[:H], BLUE)]
    if len(sizes) > H:
        traces.append(_bars("c", sizes[H:], ORANGE))
    height = float(_finite(closeup.pulse_log10[t : t + 1])[0])
    point = {
        "type": "scatter",
        "mode": "markers",
        "uid": "now",
        "x": [t],
        "y": [None if math.isnan(height) else height],
        "marker": {"color": SCRUB, "size": 9},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [*traces, point]


def _bars(part: str, sizes: Floats, colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "uid": part,
        "name": f"{part}<sub>t</sub>",
        "x": np.arange(1, len(sizes) + 1, dtype=np.int16),
        "y": sizes,
        "xaxis": "x2",
        "yaxis": "y2",
        "marker": {"color": colour, "line": {"width": 0}},
        "hovertemplate": f"unit %{{x}} of {part}: %{{y:.3f}}<extra></extra>",
    }


def _curve(closeup: CloseUp) -> dict[str, Any]:
    lengths = _finite(closeup.pulse_log10)
    t = np.arange(len(lengths), dtype=np.int32)
    hover = "t = %{x}: 10^%{y:.2f}<extra></extra>"
    own = {"hovertemplate": hover, "showlegend": False}
    return line(t, lengths, "length", SCRUB, uid="length", **own)


def _rows(T: int) -> dict[str, Any]:
    """Bars above, the curve below, each with its own axes."""
    return {
        "bargap": 0.1,
        "xaxis": {"range": [-0.02 * T, 1.02 * T]},
        "yaxis": {"domain": [0, 0.3]},
        "xaxis2": {"anchor": "y2", "title": {"text": "unit", "standoff": 4}, "showgrid": False},
        "yaxis2": {
            "anchor": "x2",
            "domain": [0.5, 1],
            "range": [0, 1.02],
            "title": {"text": "share of it", "standoff": 8},
        },
    }


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)
