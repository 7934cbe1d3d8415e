"""Pascanu's one-unit error surface in 3-D and as a contour, and descents on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.style import AFTER, BEFORE, LAYERS, MARGIN, SCRUB, Mark, figure, line, log_axis
from gradviz.theory import cliff
from gradviz.theory.cliff import B_SPAN, W_SPAN, Descent, Doubles

LOWEST = -4.0
"""log10 E below which all is one colour: at the wall's foot E is 0 somewhere."""

COLUMNS, ROWS = 97, 151
"""Of the contour; a click is taken to the nearest of its points."""

CLICK = "Click a start in the contour"
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
PLACE = "w = %{x:.3f}, b = %{y:.3f}"


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
            "surfacecolor": _colour(drawn.error),
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
        facts=_facts(descents),
        x="w",
        y="b",
        theme=theme,
        height=440,
        margin=MARGIN | {"l": 0, "r": 0, "b": 0},
        scene=_scene(theme),
    )


def contour(descents: Sequence[Descent], *, theme: str = "light") -> go.Figure:
    """log10 E over (w, b), the wall b*, and the descents' paths; a click chooses a start.

    A path that leaves the picture ends at its border, with where its last step lands.
    Arguments as for `surface_3d`.
    """
    w, b = np.linspace(*W_SPAN, COLUMNS), np.linspace(*B_SPAN, ROWS)
    E = cliff.error(w, b[:, None])
    ground = {
        "type": "contour",
        "uid": "error",
        "x": w.astype("f4"),
        "y": b.astype("f4"),
        "z": _colour(E),
        "contours": {"coloring": "heatmap", "start": LOWEST, "end": 0, "size": 0.5},
        "line": {"color": "rgba(255,255,255,0.35)", "width": 0.7},
        "hovertemplate": f"{PLACE}<br>E = 10^%{{z:.2f}}<extra></extra>",
        **_scale(),
        "zmin": LOWEST,
        "zmax": 0,
    }
    look = {"dash": "dash", "hoverinfo": "skip", "showlegend": False}
    edge = line(w, cliff.wall(w), "wall b*", "#ffffff", uid="wall", **look)
    landings = [_landing(each, index) for index, each in enumerate(descents) if _left(each)]
    paths = [_path(each, index) for index, each in enumerate(descents)]
    return figure(
        [ground, edge, *paths, *_start(descents)],
        title="Error by w and b",
        facts=_facts(descents),
        x="w",
        y="b",
        theme=theme,
        height=400,
        xaxis={"range": list(W_SPAN), "showgrid": False},
        yaxis={"range": list(B_SPAN), "showgrid": False},
        annotations=[_WALL, *landings],
        meta={"click": True},
    )


def descent(descents: Sequence[Descent], *, theme: str = "light") -> go.Figure:
    """E by step, a line a descent. Arguments as for `surface_3d`."""
    traces = []
    marks = []
    for index, each in enumerate(descents):
        steps = np.arange(len(each.errors), dtype=np.int32)
        errors = np.where(np.isfinite(each.errors) & (each.errors > 0), each.errors, np.nan)
        hover = "step %{x:,}: E = %{y:.3g}<extra></extra>"
        name, colour = _name(each), _paint(each, index)
        traces.append(line(steps, errors, name, colour, uid=name, hovertemplate=hover))
        if each.ended != "steps":
            marks.append(Mark(x=float(steps[-1]), text=_away(each), colour=colour))
    longest = max((len(each.errors) - 1 for each in descents), default=1)
    return figure(
        traces,
        title="Error of both descents" if len(descents) == 2 else "Error of the descent",
        facts=_facts(descents),
        x="step",
        y="E",
        theme=theme,
        yaxis=log_axis(*(trace["y"] for trace in traces)),
        marks=marks,
        x_span=(0.0, float(max(longest, 1))),
        empty="" if traces else CLICK,
        meta={"axis": "step"},
    )


def _name(each: Descent) -> str:
    if each.clip_threshold is None:
        return "not clipped"
    return f"clipped at {each.clip_threshold:g}"


def _paint(each: Descent, index: int) -> str:
    if each.clip_threshold is None:
        return BEFORE
    return AFTER if index < 2 else LAYERS[index % len(LAYERS)]


def _facts(descents: Sequence[Descent]) -> str:
    if not descents:
        return CLICK
    w, b = descents[0].points[0]
    return f"start w = {w:.4g}, b = {b:.5g} · learning rate {descents[0].learning_rate:g}"


def _left(each: Descent) -> bool:
    return each.ended != "steps"


def _away(each: Descent) -> str:
    return "leaves the picture" if each.ended == "left" else "not finite"


def _seen(each: Descent) -> Doubles:
    """(n, 2): the path inside the picture, its last piece cut at the border."""
    if not _left(each) or not cliff.is_drawn(*each.points[0]):
        return each.points
    return np.concatenate([each.points[:-1], [_border(each.points[-2], each.points[-1])]])


def _border(inside: Doubles, outside: Doubles) -> Doubles:
    """Where the way from a point in the picture to one outside leaves it."""
    if not np.isfinite(outside).all():
        return inside
    way = outside - inside
    limits = np.where(way > 0, *np.array([W_SPAN, B_SPAN]).T[::-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = (limits - inside) / way
    return np.asarray(inside + way * np.nanmin(shares[way != 0]))


def _path(each: Descent, index: int) -> dict[str, Any]:
    """A descent's way on the contour."""
    points, colour = _seen(each), _paint(each, index)
    hover = f"{_name(each)}, step %{{pointNumber}}: {PLACE}<extra></extra>"
    own = {"uid": f"path-{index}", "hovertemplate": hover}
    trace = line(points[:, 0], points[:, 1], _name(each), colour, **own)
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
    inside, at = each.points[-2], _seen(each)[-1]
    way = at - inside if np.isfinite(each.points[-1]).all() else np.zeros(2)
    w, b = each.points[-1]
    place = f"lands at w = {_short(w)}, b = {_short(b)}"
    colour = _paint(each, index)
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
        "font": {"size": 11, "color": "#31333f"},
    }


def _short(value: float) -> str:
    return f"{value:.1f}" if abs(value) < 1e4 else f"{value:.1e}"


def _path_3d(each: Descent, index: int) -> dict[str, Any]:
    points, colour = _seen(each), _paint(each, index)
    return {
        "type": "scatter3d",
        "mode": "lines+markers",
        "uid": f"path-{index}",
        "name": _name(each),
        "x": points[:, 0],
        "y": points[:, 1],
        # A little above the surface, which would hide it.
        "z": cliff.error(*points.T) + 0.004,
        "line": {"color": colour, "width": 5},
        "marker": {"size": 2.5, "color": colour},
        "hovertemplate": f"{_name(each)}: {PLACE}<br>E = %{{z:.4f}}<extra></extra>",
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


def _colour(E: Doubles) -> Any:
    """log10 E, float32, not below LOWEST."""
    return np.log10(np.maximum(E, 10**LOWEST)).astype("f4")


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
