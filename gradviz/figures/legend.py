"""The legend between a picture's facts and its plot, and the rows it takes on a phone."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

PLOT_PX = 268
"""Width of the plot on a phone, which a row of the legend fills."""

ENTRY_PX, LETTER_PX, ROW_PX = 38, 5.7, 23
"""Of an entry of the legend without its words, of one letter, and of a row."""

ROWS_INSIDE = 2
"""Rows of the legend that the plot makes room for; further ones make the picture taller."""

LEGEND = {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "tracegroupgap": 4}


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
