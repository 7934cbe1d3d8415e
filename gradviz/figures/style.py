"""Colours and layout that all pictures share: the same thing looks the same everywhere.

The palette follows Okabe & Ito's, which the colour-blind can tell apart, in shades that keep a
contrast of 3:1 on white and on dark.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gradviz.config import RunConfig
from gradviz.history import History, is_reversed

BLUE, ORANGE, GREEN, PINK = "#3d8fd1", "#d17f00", "#0a9e73", "#c76ba0"
RED, VIOLET, GREY = "#d55e00", "#8b6fd6", "#888888"
LAYERS = (BLUE, ORANGE, GREEN, PINK)
GATES = {
    "forget": BLUE,
    "input": ORANGE,
    "output": GREEN,
    "candidate": PINK,
    "update": BLUE,
    "reset": ORANGE,
    "highway": GREEN,
}
SETUPS = ("#0b84e8", "#c98500", "#1f7a5c", "#e0409f")
"""Set-ups that are compared: further apart for the colour-blind than LAYERS, since nothing but the
colour tells the lines apart."""
LOSS, ACCURACY = VIOLET, GREEN
BEFORE, AFTER, LIMIT = RED, BLUE, GREY
SCRUB = "#e5446d"

MARGIN = {"l": 64, "r": 16, "t": 78, "b": 44}
PLOT_PX = 268
"""Width of the plot on a phone, which a row of the legend fills."""
ENTRY_PX, LETTER_PX, ROW_PX = 38, 5.7, 23
"""Of an entry of the legend without its words, of one letter, and of a row."""
ROWS_INSIDE = 2
"""Rows of the legend that the plot makes room for; further ones make the picture taller."""
MOST_POINTS = 600
WAITING = "Press Train"

LEGEND = {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "tracegroupgap": 4}
_INK = {"light": "#31333f", "dark": "#e6e6ea"}
_QUIET = {"light": "#5f6370", "dark": "#a3a8b4"}
_GRID = {"light": "rgba(49,51,63,0.12)", "dark": "rgba(230,230,234,0.16)"}
_VEIL = {"light": "rgba(255,255,255,0.75)", "dark": "rgba(14,17,23,0.75)"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A vertical line across a picture, with a few words beside it."""

    x: float
    text: str = ""
    colour: str = GREY
    dash: str = "dot"
    at_bottom: bool = False
    """Whether the words stand at the picture's foot."""


def figure(
    traces: list[dict[str, Any]],
    *,
    title: str,
    facts: str,
    x: str,
    y: str,
    theme: str,
    empty: str = "",
    marks: Sequence[Mark] = (),
    x_span: tuple[float, float] = (0.0, 1.0),
    **layout: Any,
) -> go.Figure:
    """A Figure in the house's look.

    No axis is given a range that changes during a run: plotly.js keeps a zoom only while the
    range it was given stays the same.

    Args:
        traces: plain plotly dicts, each with a uid.
        title: names the picture.
        facts: a quieter line below the title: which step, how many sequences, what was counted.
        x: title of the horizontal axis.
        y: title of the vertical axis.
        theme: "light" or "dark".
        empty: what to say in place of traces; the axes then carry no numbers.
        marks: vertical lines.
        x_span: least and greatest x, to keep the words of the marks inside.
        layout: more of plotly's layout; an axis' entries are added to the house's.

    Raises:
        ValueError: for another theme.
    """
    if theme not in _INK:
        raise ValueError(f"theme must be light or dark, got “{theme}”.")
    axis: dict[str, Any] = {"gridcolor": _GRID[theme], "zeroline": False, "automargin": False}
    if empty:
        axis |= {"showticklabels": False, "showgrid": False}
        axis |= {"showline": True, "linecolor": _GRID[theme]}
    annotations = [_note(empty, theme)] if empty else []
    axes = {
        name: {**axis, "title": {"text": words, "standoff": 8}, **layout.pop(name, {})}
        for name, words in (("xaxis", x), ("yaxis", y))
    }
    for name in [name for name in layout if name.startswith(("xaxis", "yaxis"))]:
        axes[name] = {**axis, **layout.pop(name)}
    on_top = not empty and layout.get("showlegend", True) and "legend" not in layout
    rows = legend_rows(traces) if on_top else 0
    further, taller = max(rows - 1, 0) * ROW_PX, max(rows - ROWS_INSIDE, 0) * ROW_PX
    margin = layout.pop("margin", MARGIN)
    if further:
        margin = margin | {"t": max(margin["t"], MARGIN["t"] + further)}
    full = {
        "title": _title(title, facts, theme),
        "height": 320 + taller,
        "margin": margin,
        "font": {"color": _INK[theme], "size": 12, "family": "Source Sans, sans-serif"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "showlegend": not empty,
        "legend": LEGEND,
        "uirevision": "live",
        "template": "none",
        "shapes": [_line_of(mark) for mark in marks],
        "annotations": [*annotations, *_words_of(marks, x_span, theme)],
        **axes,
        **layout,
    }
    return go.Figure({"data": traces, "layout": full})


def legend_rows(traces: Sequence[dict[str, Any]]) -> int:
    """As many as the legend has on a phone; a legend stands between the facts and the plot."""
    rows, left = 0, 0.0
    for trace in traces:
        if not trace.get("showlegend", True):
            continue
        words = html.unescape(re.sub("<[^>]*>", "", str(trace.get("name", ""))))
        width = ENTRY_PX + LETTER_PX * len(words)
        if width > left:
            rows, left = rows + 1, float(PLOT_PX)
        left -= width
    return rows


def line(x: Any, y: Any, name: str, colour: str, *, uid: str, **more: Any) -> dict[str, Any]:
    """A line trace; points too few to make a line are shown as points."""
    look = {"color": colour, "width": 1.8, "dash": more.pop("dash", "solid")}
    look |= {"shape": more.pop("shape", "linear")}
    mode = "lines+markers" if np.isfinite(y).sum() == 1 else "lines"
    trace = {"type": "scatter", "mode": mode, "x": x, "y": y, "name": name}
    return {**trace, "uid": uid, "line": look, **more}


def level(
    ends: tuple[float, float], y: float, name: str, *, uid: str, **more: Any
) -> dict[str, Any]:
    """A horizontal dashed line to compare with."""
    hover = f"{name}: {y:.4g}<extra></extra>"
    more = {"dash": "dash", "hovertemplate": hover, **more}
    return line(list(ends), [y, y], name, more.pop("colour", LIMIT), uid=uid, **more)


def band(
    x: NDArray[Any], low: NDArray[Any], high: NDArray[Any], colour: str, *, uid: str, group: str
) -> dict[str, Any]:
    """A filled band between two lines, open where they are nan, without an entry in the legend."""
    outline_x: list[NDArray[Any]] = []
    outline_y: list[NDArray[Any]] = []
    for run in _runs(np.isfinite(low) & np.isfinite(high)):
        if outline_x:
            outline_x.append(x[:1])
            outline_y.append(np.full(1, np.nan, low.dtype))
        outline_x += [x[run], x[run][::-1]]
        outline_y += [high[run], low[run][::-1]]
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": uid,
        "x": np.concatenate(outline_x) if outline_x else x[:0],
        "y": np.concatenate(outline_y) if outline_y else low[:0],
        "fill": "toself",
        "fillcolor": _faint(colour),
        "line": {"width": 0, "color": colour},
        "hoverinfo": "skip",
        "showlegend": False,
        "legendgroup": group,
    }


def log_axis(*columns: NDArray[Any]) -> dict[str, Any]:
    """A log axis for these values: powers of ten, or of up to two decades plain numbers."""
    seen = [column[column > 0] for column in columns]
    low = min((float(column.min()) for column in seen if len(column)), default=1.0)
    high = max((float(column.max()) for column in seen if len(column)), default=1.0)
    if high < 1e2 * low:
        few = {"dtick": "D2"} if high > 5 * low else {}
        # 0.00002 would reach into the axis' title.
        return {"type": "log", "tickformat": "~e" if low < 1e-3 else "~g", **few}
    # Between few powers plotly.js would write a bare 2 and 5.
    powers = {"dtick": 1} if high < 1e8 * low else {}
    # plotly.js writes powers a quarter larger than other numbers.
    return {"type": "log", "exponentformat": "power", "tickfont": {"size": 10}, **powers}


def thinned(x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """At most MOST_POINTS points: of every bucket the least and the greatest y."""
    if len(x) <= MOST_POINTS:
        return x, y
    size = math.ceil(len(x) / (MOST_POINTS // 2 - 1))
    buckets = -(-len(x) // size)
    padded = np.pad(y, (0, buckets * size - len(y)), mode="edge").reshape(buckets, size)
    known = np.isfinite(padded)
    least = np.where(known, padded, np.inf).argmin(axis=1)
    greatest = np.where(known, padded, -np.inf).argmax(axis=1)
    starts = np.arange(buckets) * size
    chosen = np.concatenate([[0], starts + least, starts + greatest, [len(x) - 1]])
    index = np.unique(np.minimum(chosen, len(x) - 1))
    return x[index], y[index]


def layer_shown(history: History, asked: str | None) -> str:
    """The layer asked for, or the top one, read forward, of a history with frames.

    Raises:
        ValueError: when there is no such layer.
    """
    names = history.layer_names
    if asked is None:
        return next((name for name in names[::-1] if not is_reversed(name)), names[-1])
    config = history.config
    # In pre-training a layer may be asked for that does not run yet.
    if asked not in (*names, *(config.layer_names if isinstance(config, RunConfig) else ())):
        raise ValueError(f"layer must be one of {', '.join(names)}, got “{asked}”.")
    return asked


def escaped(text: str) -> str:
    """A name with nothing left for plotly.js to read as markup or mathematics."""
    return html.escape(text).replace("$", "&#36;")


def count_of(number: int, noun: str) -> str:
    """The number and the noun, in the plural unless it is 1: 1 sequence, 8 sequences."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _title(title: str, facts: str, theme: str) -> dict[str, Any]:
    # plotly.js has a subtitle, but sets it a whole line apart.
    look = f"font-size:12px;font-weight:400;color:{_QUIET[theme]}"
    return {
        "text": f'{title}<br><span style="{look}">{facts}</span>',
        "font": {"size": 15, "weight": 600},
        "x": 0,
        "xref": "container",
        "xanchor": "left",
        "y": 1,
        "yref": "container",
        "yanchor": "top",
        "pad": {"l": 12, "t": 22},
    }


def _note(text: str, theme: str) -> dict[str, Any]:
    """A quiet sentence in the middle of an empty picture."""
    middle = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
    return {"text": text, **middle, "font": {"color": _QUIET[theme], "size": 13}}


def _line_of(mark: Mark) -> dict[str, Any]:
    ends = {"x0": mark.x, "x1": mark.x, "yref": "paper", "y0": 0, "y1": 1}
    look = {"color": mark.colour, "width": 1.5, "dash": mark.dash}
    return {"type": "line", **ends, "line": look}


def _words_of(marks: Sequence[Mark], span: tuple[float, float], theme: str) -> list[dict[str, Any]]:
    """The marks' words beside their lines, each a row lower than the last, inside the picture."""
    spoken = [mark for mark in marks if mark.text]
    return [
        {
            "text": mark.text,
            "x": mark.x,
            "yref": "paper",
            "y": abs((0 if mark.at_bottom else 1) - 0.11 * (row % 5)),
            "xanchor": "left" if 2 * mark.x < sum(span) else "right",
            "yanchor": "bottom" if mark.at_bottom else "top",
            "showarrow": False,
            "borderpad": 1,
            "bgcolor": _VEIL[theme],
            "font": {"size": 11, "color": _INK[theme]},
        }
        for row, mark in enumerate(spoken)
    ]


def _runs(kept: NDArray[np.bool_]) -> list[slice]:
    """The stretches of neighbours that are all kept."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    return [slice(start, stop) for start, stop in edges.reshape(-1, 2)]


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.2)"
