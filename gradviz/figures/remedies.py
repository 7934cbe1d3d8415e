"""What remedies came to: the last losses of each, a row a set-up, against the floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.palette import BLUE, GREEN, GREY, LIMIT, ORANGE, RED, VIOLET
from gradviz.figures.setups import Runs, every, seeds_seen
from gradviz.figures.style import MARGIN, figure, log_axis
from gradviz.figures.traces import level
from gradviz.figures.wording import WAITING, escaped
from gradviz.history import RECENT, History

MOST_ROWS = 16
"""Further set-ups are left out, those given last."""

ROW_PX, AROUND_PX = 30, 170
LONGEST = 44
"""Letters of a label that have room on a phone."""

_LOOKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "untreated": (VIOLET, "square"),
        "cures": (GREEN, "star"),
        "helps": (BLUE, "triangle-left"),
        "survives": (ORANGE, "diamond"),
        "no difference": (GREY, "circle"),
        "harms": (RED, "triangle-right"),
        "waiting": (ORANGE, "circle-open"),
    }
)
"""Verdict → colour and symbol, in the legend's order."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One set-up; losses are nan where no seed has one."""

    label: str
    verdict: str
    low: float
    median: float
    high: float
    failed: int
    seeds: int


def remedy_losses(
    runs: Runs,
    step: int | None = None,
    *,
    verdicts: Mapping[str, str] = MappingProxyType({}),
    theme: str = "light",
) -> go.Figure:
    """Mean loss of the last RECENT steps: median of the seeds, and a line from least to greatest.

    Seeds that failed are not among them; where all did, a cross stands at the right.

    Args:
        runs: label of a set-up → its histories, one a seed; the first rows at the top.
        step: the scrub position, up to which is counted.
        verdicts: label → "untreated", "cures", "helps", "survives", "no difference", "harms" or
            "waiting", by which it is coloured; waiting where it is not named.
        theme: "light" or "dark".
    """
    rows = [_row(label, of, verdicts.get(label, "waiting"), step) for label, of in runs.items()]
    rows = [row for row in rows if row.seeds]
    shown = rows[:MOST_ROWS]
    begun = any(history.last_step for history in every(runs))
    seen = np.array([x for row in shown for x in (row.low, row.high) if np.isfinite(x)])
    floors = [history.floor for history in every(runs) if history.floor][:1]
    wide = len(seen) > 0 and seen.min() > 0 and max(seen.max(), *floors, 0) > 4 * seen.min()
    right = float(max([*seen, *floors], default=1.0))
    drawn = [*_points(shown, right), *_floor(floors, len(shown))]
    left_out = [f"{len(shown)} of {len(rows)} set-ups"] if len(shown) < len(rows) else []
    height = AROUND_PX + ROW_PX * max(len(shown), 4)
    top = {"l": 16, "t": MARGIN["t"] + 30}
    # Given whole: added one by one they would take longer than all the rest.
    words: dict[str, Any] = {"annotations": [_words(*each) for each in enumerate(shown)]}
    return figure(
        drawn if begun else [],
        title="Loss at last",
        facts=" · ".join([f"mean of {RECENT} steps", *left_out, seeds_seen(runs)]) if begun else "",
        x="loss",
        y="",
        theme=theme,
        empty="" if begun else WAITING,
        height=height,
        margin=MARGIN | top,
        xaxis=log_axis(seen) if wide else {},
        yaxis={
            "range": [len(shown) - 0.3, -0.9],
            "showticklabels": False,
            "showgrid": False,
            "title": {},
        },
        **(words if begun else {}),
    )


def _row(label: str, histories: Sequence[History], verdict: str, step: int | None) -> _Row:
    begun = [each for each in histories if each.last_step]
    failed = [each for each in begun if _has_failed(each, step)]
    whole = [each for each in begun if not _has_failed(each, step)]
    known = [float(each.column("loss", upto=step)[-RECENT:].mean()) for each in whole]
    known = [loss for loss in known if np.isfinite(loss)] or [np.nan]
    return _Row(
        label=label,
        verdict=verdict,
        low=min(known),
        median=float(np.median(known)),
        high=max(known),
        failed=len(failed),
        seeds=len(begun),
    )


def _has_failed(history: History, step: int | None) -> bool:
    failure = history.failure
    return failure is not None and (step is None or step >= failure.step)


def _points(rows: Sequence[_Row], right: float) -> list[dict[str, Any]]:
    """A trace a verdict, in the order of _LOOKS, and one for the set-ups of which none is left."""
    traces = []
    for verdict, (colour, symbol) in _LOOKS.items():
        here = [place for place, row in enumerate(rows) if row.verdict == verdict]
        if not here:
            continue
        own = [rows[place] for place in here]
        gone = [bool(np.isnan(row.median)) for row in own]
        median = np.array([row.median for row in own])
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "uid": f"verdict-{verdict}",
                "name": verdict,
                "x": np.where(gone, right, median),
                "y": np.array(here),
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": np.where(gone, 0.0, [row.high - row.median for row in own]),
                    "arrayminus": np.where(gone, 0.0, [row.median - row.low for row in own]),
                    "color": colour,
                    "thickness": 3,
                    "width": 0,
                },
                "marker": {
                    "color": colour,
                    "size": 11,
                    "symbol": ["x-thin" if each else symbol for each in gone],
                    "line": {"width": [2.5 if each else 1.5 for each in gone], "color": colour},
                },
                "customdata": [_said(row) for row in own],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
    return traces


def _said(row: _Row) -> str:
    failed = f", {row.failed} of {row.seeds} failed" if row.failed else ""
    if np.isnan(row.median):
        return f"{escaped(row.label)}: {row.verdict}{failed}"
    band = f" ({row.low:.3g}…{row.high:.3g})" if row.low < row.high else ""
    return f"{escaped(row.label)}: {row.verdict}, loss {row.median:.3g}{band}{failed}"


def _floor(floors: Sequence[float], rows: int) -> list[dict[str, Any]]:
    """The loss of having learned nothing, as a line through all rows."""
    return [
        level((-0.9, rows - 0.3), floor, "floor", uid="floor", colour=LIMIT)
        | {"x": [floor, floor], "y": [-0.9, rows - 0.3]}
        for floor in floors
    ]


def _words(place: int, row: _Row) -> dict[str, Any]:
    """A row's label over its point: at the side a phone has no room for it."""
    label = row.label if len(row.label) <= LONGEST else f"{row.label[: LONGEST - 1]}…"
    failed = f" · {row.failed} of {row.seeds} failed" if row.failed else ""
    return {
        "text": escaped(label) + failed,
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "y": place,
        "yanchor": "bottom",
        "yshift": 1,
        "showarrow": False,
        "font": {"size": 11},
    }
