"""A figure as it goes into a file: at its size, on a ground, with its stamp beneath."""

from __future__ import annotations

import math
import textwrap
import unicodedata
from typing import Any, Literal

import plotly.graph_objects as go

from gradviz.exports.browser import ExportError
from gradviz.exports.stamp import Stamp
from gradviz.figures.legend import ENTRY_PX, ROW_PX
from gradviz.figures.palette import INK, QUIET
from gradviz.figures.style import MARGIN
from gradviz.figures.wording import escaped

Theme = Literal["light", "dark"]

LEAST_PX, MOST_PX = 200, 6000
"""Of a side."""
LEAST_PLOT_PX = 160
"""What the words beneath must leave to the picture."""
CAPTION_PX, FACTS_PX, LEGEND_PX = 13, 10, 11
"""Sizes of type."""
LEADING = 1.35
LETTER, WIDE_LETTER, LEGEND_LETTER = 0.56, 1.0, 0.48
"""Widths in sizes of type; the wide ones are those of East Asia. A legend must not be wider."""
EDGE_PX, GAP_PX = 12, 8

_GROUND: dict[str, str] = {"light": "#ffffff", "dark": "#0e1117"}


def stamped(
    figure: go.Figure,
    stamp: Stamp,
    *,
    width: int = 900,
    height: int | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """A copy of the figure with its stamp beneath and in `layout.meta`.

    Args:
        figure: of `gradviz.figures`, drawn in the same theme.
        stamp: what stands beneath.
        width: px of the whole.
        height: px of the whole, the words included; None: the figure's own and the words'.
        theme: of the ground and the words.

    Raises:
        ExportError: for a size that cannot be.
    """
    _check("width", width)
    own = round(figure.layout.height or 320)
    lines = _lines(stamp, width, theme)
    words_px = sum(line["px"] for line in lines) + (GAP_PX + EDGE_PX if lines else 0)
    height = own + words_px if height is None else height
    _check("height", height)
    if height - words_px < LEAST_PLOT_PX:
        raise ExportError(
            f"height must be at least {words_px + LEAST_PLOT_PX} for these words, got {height}; "
            "make it higher or the caption shorter."
        )
    copy = go.Figure(figure)
    _lift_legend(copy, width)
    foot = round(figure.layout.margin.b if figure.layout.margin.b is not None else 80)
    copy.update_layout(
        width=width,
        height=height,
        margin_b=foot + words_px,
        paper_bgcolor=_GROUND[theme],
        annotations=[*figure.layout.annotations, *_annotations(lines, figure, foot)],
        meta=_meta(figure.layout.meta, stamp),
    )
    for place, trace in enumerate(copy.data):
        # plotly.js makes a selector of it where nothing moves: “clipped at 1” is none.
        trace.uid = f"t{place}"
    return copy


def _check(name: str, px: int) -> None:
    if not LEAST_PX <= px <= MOST_PX:
        raise ExportError(f"{name} must be {LEAST_PX}…{MOST_PX} px, got {px}.")


def _lines(stamp: Stamp, width: int, theme: Theme) -> list[dict[str, Any]]:
    kinds = ((stamp.caption, CAPTION_PX, INK), (stamp.facts, FACTS_PX, QUIET))
    return [
        {"text": escaped(line), "size": size, "color": ink[theme], "px": round(size * LEADING)}
        for words, size, ink in kinds
        for line in _wrapped(words, width - 2 * EDGE_PX, size)
    ]


def _wrapped(words: str, px: int, size: int) -> list[str]:
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in words)
    mean = (LETTER * (len(words) - wide) + WIDE_LETTER * wide) / max(len(words), 1)
    return textwrap.wrap(words, max(int(px / (mean * size)), 10)) if words else []


def _annotations(lines: list[dict[str, Any]], figure: go.Figure, foot: int) -> list[dict[str, Any]]:
    """Placed by pixels from the plot's lower left corner, whatever the size."""
    left = figure.layout.margin.l if figure.layout.margin.l is not None else 80
    placed, down = [], foot + GAP_PX
    for line in lines:
        placed.append(
            {
                "text": line["text"],
                "font": {"size": line["size"], "color": line["color"]},
                "showarrow": False,
                "xref": "paper",
                "yref": "paper",
                "x": 0,
                "y": 0,
                "xanchor": "left",
                "yanchor": "top",
                "xshift": EDGE_PX - left,
                "yshift": -down,
                "borderpad": 0,
            }
        )
        down += line["px"]
    return placed


def _lift_legend(figure: go.Figure, width: int) -> None:
    """A legend at the foot goes above the plot: its rows would cover the words beneath."""
    layout = figure.layout
    if layout.showlegend is False or layout.legend.y is None or layout.legend.y >= 0:
        return
    names = [trace.name or "" for trace in figure.data if trace.showlegend is not False]
    entries = [ENTRY_PX + LEGEND_LETTER * LEGEND_PX * len(name) for name in names]
    plot_px = width - layout.margin.l - layout.margin.r
    # plotly.js sets entries that do not fit into one row in columns as wide as the widest.
    columns = len(entries) if sum(entries) <= plot_px else int(plot_px // max(entries)) or 1
    rows = math.ceil(len(entries) / max(columns, 1))
    figure.update_layout(
        legend={"y": 1.01, "yanchor": "bottom"},
        margin_t=MARGIN["t"] + max(rows - 1, 0) * ROW_PX,
    )


def _meta(before: Any, stamp: Stamp) -> dict[str, Any]:
    kept = before if isinstance(before, dict) else {}
    return {**kept, "gradviz": stamp.metadata}
