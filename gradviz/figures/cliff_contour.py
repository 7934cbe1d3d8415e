"""Pascanu's one-unit error surface as a contour, and descents on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.cliff_look import (
    LOWEST,
    PLACE,
    colour_of,
    facts_of,
    has_left,
    log_error,
    name_of,
    path_in_picture,
)
from gradviz.figures.palette import INK, SCRUB
from gradviz.figures.style import figure
from gradviz.figures.traces import line
from gradviz.theory import cliff
from gradviz.theory.cliff import B_SPAN, W_SPAN, Descent

COLUMNS, ROWS = 97, 151
"""Of the contour; a click is taken to the nearest of its points."""

_WALL = {
    "x": 5.45,
    "y": float(cliff.wall(5.45)),
    "text": "wall b*",
    "yshift": -14,
    "xanchor": "right",
    "showarrow": False,
    # White on no ground: a legend's entry would be lost on a light page.
    "font": {"size": 12, "color": "#ffffff"},
    "bgcolor": "rgba(0,0,0,0.55)",
}


def contour(descents: Sequence[Descent], *, theme: str = "light") -> go.Figure:
    """log10 E over (w, b), the wall b*, and the descents' paths; a click chooses a start.

    A path that leaves the picture ends at its border, with where its last step lands.
    Arguments as for `cliff_surface.surface_3d`.
    """
    w, b = np.linspace(*W_SPAN, COLUMNS), np.linspace(*B_SPAN, ROWS)
    E = cliff.error(w, b[:, None])
    ground = {
        "type": "contour",
        "uid": "error",
        "x": w.astype("f4"),
        "y": b.astype("f4"),
        "z": log_error(E),
        "contours": {"coloring": "heatmap", "start": LOWEST, "end": 0, "size": 0.5},
        "line": {"color": "rgba(255,255,255,0.35)", "width": 0.7},
        "hovertemplate": f"{PLACE}<br>E = 10^%{{z:.2f}}<extra></extra>",
        **_scale(),
        "zmin": LOWEST,
        "zmax": 0,
    }
    look = {"dash": "dash", "hoverinfo": "skip", "showlegend": False}
    edge = line(w, cliff.wall(w), "wall b*", "#ffffff", uid="wall", **look)
    landings = [_landing(each, index) for index, each in enumerate(descents) if has_left(each)]
    paths = [_path(each, index) for index, each in enumerate(descents)]
    return figure(
        [ground, edge, *paths, *_start(descents)],
        title="Error by w and b",
        facts=facts_of(descents),
        x="w",
        y="b",
        theme=theme,
        height=400,
        xaxis={"range": list(W_SPAN), "showgrid": False},
        yaxis={"range": list(B_SPAN), "showgrid": False},
        annotations=[_WALL, *landings],
        meta={"click": True},
    )


def _path(each: Descent, index: int) -> dict[str, Any]:
    """A descent's way on the contour."""
    points, colour = path_in_picture(each), colour_of(each, index)
    hover = f"{name_of(each)}, step %{{pointNumber}}: {PLACE}<extra></extra>"
    own = {"uid": f"path-{index}", "hovertemplate": hover}
    trace = line(points[:, 0], points[:, 1], name_of(each), colour, **own)
    return trace | {"mode": "lines+markers", "marker": {"size": 4, "color": colour}}


def _start(descents: Sequence[Descent]) -> list[dict[str, Any]]:
    """The start, above all paths."""
    if not descents:
        return []
    look = {"symbol": "star", "size": 13, "color": SCRUB, "line": {"width": 1, "color": "#ffffff"}}
    w, b = descents[0].points[0]
    where = {"x": [w], "y": [b], "name": "start", "uid": "start", "marker": look}
    quiet = {"hoverinfo": "skip", "showlegend": False}
    return [{"type": "scatter", "mode": "markers", **where, **quiet}]


def _landing(each: Descent, index: int) -> dict[str, Any]:
    """An arrow where a path leaves the picture, and where its last step ends."""
    inside, at = each.points[-2], path_in_picture(each)[-1]
    way = at - inside if np.isfinite(each.points[-1]).all() else np.zeros(2)
    w, b = each.points[-1]
    place = f"lands at w = {_short(w)}, b = {_short(b)}"
    colour = colour_of(each, index)
    return {
        "x": at[0],
        "y": at[1],
        # Away from the border that the path crosses, so that the words stay in the picture.
        "ax": -70 if at[0] > sum(W_SPAN) / 2 else 70,
        "ay": 34 if way[1] > 0 else -34,
        "text": place,
        "showarrow": True,
        "arrowhead": 2,
        "arrowwidth": 2,
        "arrowcolor": colour,
        "bgcolor": "rgba(255,255,255,0.9)",
        "bordercolor": colour,
        "borderpad": 3,
        "font": {"size": 11, "color": INK["light"]},
    }


def _short(value: float) -> str:
    return f"{value:.1f}" if abs(value) < 1e4 else f"{value:.1e}"


def _scale() -> dict[str, Any]:
    """The colours of log10 E and their bar."""
    ticks = list(range(int(LOWEST), 1))
    return {
        "colorscale": "Viridis",
        "showlegend": False,
        "colorbar": {
            "title": {"text": "E", "side": "right"},
            "tickvals": ticks,
            "ticktext": [f"10<sup>{str(tick).replace('-', '−')}</sup>" for tick in ticks],
            "thickness": 12,
            "outlinewidth": 0,
        },
    }
