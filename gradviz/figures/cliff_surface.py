"""Pascanu's one-unit error surface in 3-D, and descents on it."""

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
    log_error,
    name_of,
    path_in_picture,
)
from gradviz.figures.style import MARGIN, figure
from gradviz.theory import cliff
from gradviz.theory.cliff import W_SPAN, Descent


def surface_3d(descents: Sequence[Descent], *, theme: str = "light") -> go.Figure:
    """E over (w, b), in rows that follow the wall, and the descents' paths on it.

    Args:
        descents: from one start, as clipped and not.
        theme: "light" or "dark".
    """
    drawn = cliff.surface()
    traces: list[dict[str, Any]] = [
        {
            "type": "surface",
            "uid": "surface",
            "x": drawn.w.astype("f4"),
            "y": drawn.b.astype("f4"),
            "z": drawn.error.astype("f4"),
            "surfacecolor": log_error(drawn.error),
            "cmin": LOWEST,
            "cmax": 0,
            "opacity": 0.92,
            "hovertemplate": f"{PLACE}<br>E = %{{z:.4f}}<extra></extra>",
            "colorscale": "Viridis",
            # The height says the same, and a phone is narrow.
            "showscale": False,
        },
        _wall_3d(),
        *(_path_3d(each, index) for index, each in enumerate(descents)),
    ]
    return figure(
        traces,
        title="Error surface of one unit",
        facts=facts_of(descents),
        x="w",
        y="b",
        theme=theme,
        height=440,
        margin=MARGIN | {"l": 0, "r": 0, "b": 0},
        scene=_scene(theme),
    )


def _path_3d(each: Descent, index: int) -> dict[str, Any]:
    points, colour = path_in_picture(each), colour_of(each, index)
    return {
        "type": "scatter3d",
        "mode": "lines+markers",
        "uid": f"path-{index}",
        "name": name_of(each),
        "x": points[:, 0],
        "y": points[:, 1],
        # A little above the surface, which would hide it.
        "z": cliff.error(*points.T) + 0.004,
        "line": {"color": colour, "width": 5},
        "marker": {"size": 2.5, "color": colour},
        "hovertemplate": f"{name_of(each)}: {PLACE}<br>E = %{{z:.4f}}<extra></extra>",
    }


def _wall_3d() -> dict[str, Any]:
    """b*, at the foot of the wall."""
    w = np.linspace(*W_SPAN, 41)
    return {
        "type": "scatter3d",
        "mode": "lines",
        "uid": "wall",
        "name": "wall b*",
        "x": w,
        "y": cliff.wall(w),
        "z": cliff.error(w, cliff.wall(w)) + 0.004,
        "line": {"color": "#ffffff", "width": 4, "dash": "dash"},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _scene(theme: str) -> dict[str, Any]:
    """Seen from where b is large and E small, towards the wall."""
    ink = {"light": "rgba(49,51,63,0.2)", "dark": "rgba(230,230,234,0.25)"}.get(theme)
    axes = {
        f"{letter}axis": {
            "title": {"text": name},
            "gridcolor": ink,
            "showbackground": False,
            "zeroline": False,
        }
        for letter, name in (("x", "w"), ("y", "b"), ("z", "E"))
    }
    camera = {"eye": {"x": 1.0, "y": 1.85, "z": 0.85}}
    return {**axes, "camera": camera, "aspectratio": {"x": 1.1, "y": 1.1, "z": 0.7}}
