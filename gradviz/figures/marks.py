"""Vertical lines across a picture, with a few words beside each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradviz.figures.palette import GREY, INK, VEIL


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A vertical line across a picture, with a few words beside it."""

    x: float
    text: str = ""
    colour: str = GREY
    dash: str = "dot"
    at_bottom: bool = False
    """Whether the words stand at the picture's foot."""


def line_of(mark: Mark) -> dict[str, Any]:
    """The line itself, as one of plotly's shapes."""
    ends = {"x0": mark.x, "x1": mark.x, "yref": "paper", "y0": 0, "y1": 1}
    look = {"color": mark.colour, "width": 1.5, "dash": mark.dash}
    return {"type": "line", **ends, "line": look}


def words_of(marks: Sequence[Mark], span: tuple[float, float], theme: str) -> list[dict[str, Any]]:
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
            "bgcolor": VEIL[theme],
            "font": {"size": 11, "color": INK[theme]},
        }
        for row, mark in enumerate(spoken)
    ]
