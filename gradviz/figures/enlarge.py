"""A picture for the back row: the same figure in larger type, with stronger lines."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go


def enlarged(figure: go.Figure, scale: float) -> go.Figure:
    """The figure of `style.figure` with type, margins, height and line widths times `scale`."""
    if scale == 1:
        return figure
    plain = figure.to_plotly_json()
    layout = plain["layout"]
    _scale_sizes(layout, scale)
    layout["height"] = round(layout["height"] * scale)
    layout["margin"] = _times(layout["margin"], scale)
    layout["title"]["pad"] = _times(layout["title"]["pad"], scale)
    # The line of facts below the title has its size in its own markup.
    text = layout["title"]["text"]
    layout["title"]["text"] = text.replace("font-size:12px", f"font-size:{12 * scale:.0f}px")
    for trace in plain["data"]:
        if "width" in trace.get("line", {}):
            trace["line"]["width"] *= scale
        _scale_sizes(trace.get("colorbar", {}), scale)
    return go.Figure(data=plain["data"], layout=layout, frames=figure.frames)


def _times(sizes: dict[str, float], scale: float) -> dict[str, int]:
    return {side: round(size * scale) for side, size in sizes.items()}


def _scale_sizes(part: Any, scale: float) -> None:
    """Every font's size below a part of a layout."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name.endswith("font") and isinstance(value, dict) and "size" in value:
                value["size"] = value["size"] * scale
            else:
                _scale_sizes(value, scale)
    elif isinstance(part, list | tuple):
        for each in part:
            _scale_sizes(each, scale)
