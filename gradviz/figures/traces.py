"""Lines and bands as all pictures draw them, and how many points of a long one they draw."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.figures.palette import LIMIT, faint

MOST_POINTS = 600


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
        "fillcolor": faint(colour),
        "line": {"width": 0, "color": colour},
        "hoverinfo": "skip",
        "showlegend": False,
        "legendgroup": group,
    }


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


def _runs(kept: NDArray[np.bool_]) -> list[slice]:
    """The stretches of neighbours that are all kept."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    return [slice(start, stop) for start, stop in edges.reshape(-1, 2)]
