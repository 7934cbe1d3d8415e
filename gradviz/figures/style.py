"""The layout that all pictures share: title, facts, axes, margins, marks and legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from numpy.typing import NDArray

from gradviz.figures.legend import LEGEND, ROW_PX, ROWS_INSIDE, legend_rows
from gradviz.figures.marks import Mark, line_of, words_of
from gradviz.figures.palette import GRID, INK, QUIET

MARGIN = {"l": 64, "r": 16, "t": 78, "b": 44}


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
    if theme not in INK:
        raise ValueError(f"theme must be light or dark, got “{theme}”.")
    axis: dict[str, Any] = {"gridcolor": GRID[theme], "zeroline": False, "automargin": False}
    if empty:
        axis |= {"showticklabels": False, "showgrid": False}
        axis |= {"showline": True, "linecolor": GRID[theme]}
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
        "font": {"color": INK[theme], "size": 12, "family": "Source Sans, sans-serif"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "showlegend": not empty,
        "legend": LEGEND,
        "uirevision": "live",
        "template": "none",
        "shapes": [line_of(mark) for mark in marks],
        "annotations": [*annotations, *words_of(marks, x_span, theme)],
        **axes,
        **layout,
    }
    return go.Figure({"data": traces, "layout": full})


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


def _title(title: str, facts: str, theme: str) -> dict[str, Any]:
    # plotly.js has a subtitle, but sets it a whole line apart.
    look = f"font-size:12px;font-weight:400;color:{QUIET[theme]}"
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
    return {"text": text, **middle, "font": {"color": QUIET[theme], "size": 13}}
