"""Colours and layout that all pictures share: the same thing looks the same everywhere.

The palette is Okabe & Ito's, which the colour-blind can tell apart, in shades that read on
white and on dark.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

BLUE, ORANGE, GREEN, PINK = "#3d8fd1", "#e08a00", "#0a9e73", "#c76ba0"
RED, YELLOW, GREY = "#d55e00", "#b8a000", "#888888"
LAYERS = (BLUE, ORANGE, GREEN, PINK)
GATES = {
    "forget": BLUE,
    "input": ORANGE,
    "output": GREEN,
    "candidate": PINK,
    "update": BLUE,
    "reset": ORANGE,
}
BEFORE, AFTER, LIMIT = RED, BLUE, GREY
MOST_POINTS = 600

_INK = {"light": "#31333f", "dark": "#e6e6ea"}
_GRID = {"light": "rgba(49,51,63,0.12)", "dark": "rgba(230,230,234,0.16)"}


def figure(
    traces: list[dict[str, Any]], title: str, x: str, y: str, theme: str, **layout: Any
) -> go.Figure:
    """A Figure in the house's look; traces are plain plotly dicts with uids."""
    axis = {"gridcolor": _GRID[theme], "zeroline": False, "automargin": True}
    for index, trace in enumerate(traces):
        trace.setdefault("uid", f"{title}-{index}")
    own_x, own_y = layout.pop("xaxis", {}), layout.pop("yaxis", {})
    full = {
        "title": {"text": title, "font": {"size": 15}, "x": 0.02, "y": 0.97, "yanchor": "top"},
        "height": 320,
        "margin": {"l": 62, "r": 18, "t": 74, "b": 48},
        "font": {"color": _INK[theme], "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "uirevision": "live",
        "xaxis": {**axis, "title": {"text": x}, **own_x},
        "yaxis": {**axis, "title": {"text": y}, **own_y},
        "template": "none",
        **layout,
    }
    return go.Figure({"data": traces, "layout": full}, skip_invalid=False)


def line(x: Any, y: Any, name: str, colour: str, **more: Any) -> dict[str, Any]:
    """A line trace."""
    dash = more.pop("dash", "solid")
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "name": name,
        "line": {"color": colour, "width": 2, "dash": dash},
        **more,
    }


def band(x: NDArray[Any], low: Any, high: Any, colour: str, group: str) -> dict[str, Any]:
    """A filled band between two lines, without an entry in the legend."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": np.concatenate([x, x[::-1]]),
        "y": np.concatenate([high, low[::-1]]),
        "fill": "toself",
        "fillcolor": _faint(colour),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
        "legendgroup": group,
    }


def note(text: str) -> dict[str, Any]:
    """A quiet sentence in the middle of an empty picture."""
    return {
        "text": text,
        "showarrow": False,
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0.5,
        "font": {"color": GREY, "size": 13},
    }


def vertical(x: float, text: str = "") -> dict[str, Any]:
    """A vertical line shape at x."""
    return {
        "type": "line",
        "x0": x,
        "x1": x,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": GREY, "width": 1, "dash": "dot"},
        "label": {"text": text, "textposition": "end", "textangle": 0, "font": {"size": 11}},
    }


def thinned(x: NDArray[Any], *columns: NDArray[Any]) -> list[NDArray[Any]]:
    """At most MOST_POINTS points: of every bucket the first column's least and greatest."""
    if len(x) <= MOST_POINTS:
        return [x, *columns]
    edges = np.linspace(0, len(x), MOST_POINTS // 2 + 1).astype(int)
    values = np.where(np.isfinite(columns[0]), columns[0], 0)
    chosen = {0, len(x) - 1}
    for start, stop in pairwise(edges):
        part = values[start:stop]
        chosen |= {start + int(part.argmin()), start + int(part.argmax())}
    index = np.array(sorted(chosen))
    return [x[index], *(column[index] for column in columns)]


def powers(values: NDArray[Any]) -> NDArray[np.float64]:
    """10 to the values, nan where that is 0: a gap on a log axis."""
    with np.errstate(over="ignore", under="ignore"):
        out = np.power(10.0, values.astype(np.float64))
    out[~np.isfinite(out) | (out == 0)] = np.nan
    return out


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.2)"
