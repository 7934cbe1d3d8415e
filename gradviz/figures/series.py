"""Columns of a series over its rows, one below the other, each in its own unit.

Index legend: N rows, C columns, D ≤ C columns drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.palette import LAYERS
from gradviz.figures.style import MARGIN, figure
from gradviz.figures.traces import line, thinned
from gradviz.figures.wording import count_of, escaped
from gradviz.history import Floats

MOST_DRAWN = 6
"""Of more columns the first."""

TOP, FOOT, GAP, ROW = 60, 44, 14, 110
"""Heights in pixels; ROW is one column's. A single one has twice as much."""

LONGEST = 18
"""Characters of a column's name that stand beside its row."""


def series(columns: Sequence[str], values: Floats, *, theme: str = "light") -> go.Figure:
    """Every value of the chosen columns by row; of many rows the least and greatest of a stretch.

    Args:
        columns: C names, as a stranger may have written them.
        values: (N, C) in the units of the file.
        theme: "light" or "dark".
    """
    drawn = columns[:MOST_DRAWN]
    rows_N = np.arange(1, len(values) + 1)
    traces = [
        _trace(name, *thinned(rows_N, values[:, place]), place) for place, name in enumerate(drawn)
    ]
    left_out = f"the first {MOST_DRAWN} of {len(columns)} columns" if drawn != columns else ""
    facts = [count_of(len(values), "row"), left_out, "in the units of the file"]
    height = 2 * ROW if len(drawn) == 1 else len(drawn) * ROW
    return figure(
        traces,
        title="The chosen columns" if len(columns) > 1 else "The chosen column",
        facts=" · ".join(filter(None, facts)),
        x="row",
        y=_short(drawn[0]),
        theme=theme,
        showlegend=False,
        height=TOP + height + FOOT,
        margin={**MARGIN, "t": TOP, "b": FOOT},
        xaxis={"anchor": _axis(len(drawn) - 1), "tickformat": ",d"},
        **_rows(drawn, height),
    )


def _trace(name: str, x: Any, y: Any, place: int) -> dict[str, Any]:
    hover = f"{_short(name)}, row %{{x:,}}: %{{y:.6g}}<extra></extra>"
    colour = LAYERS[place % len(LAYERS)]
    return line(
        x, y, _short(name), colour, uid=f"column{place}", yaxis=_axis(place), hovertemplate=hover
    )


def _rows(names: Sequence[str], height: int) -> dict[str, Any]:
    """An axis for each row, from the top down."""
    share, gap = 1 / len(names), GAP / height
    layout: dict[str, Any] = {}
    for place, name in enumerate(names):
        top = 1 - place * share
        layout[_axis(place).replace("y", "yaxis")] = {
            "domain": [max(0.0, top - share + (gap if place < len(names) - 1 else 0)), top],
            "title": {"text": _short(name), "standoff": 8},
            "nticks": 4,
        }
    return layout


def _axis(place: int) -> str:
    return "y" if place == 0 else f"y{place + 1}"


def _short(name: str) -> str:
    # In a hover text plotly.js would also read %{…}.
    name = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return escaped(name).replace("%", "&#37;")
