"""The frame of every picture of several set-ups by step: lines, failures, the scrub position."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.marks import Mark
from gradviz.figures.over_training import live_changes, newest_named, words_of
from gradviz.figures.palette import SCRUB, SETUPS
from gradviz.figures.setups import BELOW, Column, Runs, drawn, every, on_one_axis, seeds_seen
from gradviz.figures.style import figure
from gradviz.figures.wording import WAITING, escaped
from gradviz.history import History

CEILING = 10.0
"""Of what the runs reach that did not fail."""

_CLIPS = {"norm": "norm", "value": "value", "agc": "AGC"}


def by_step(
    runs: Runs,
    columns: list[list[Column]],
    step: int | None,
    *,
    hover: str,
    theme: str,
    top: float = math.inf,
    extra: list[dict[str, Any]] | None = None,
    facts: list[str] | None = None,
    crosses: bool = True,
    empty: str = "",
    **layout: Any,
) -> go.Figure:
    """A picture by step.

    Args:
        runs: label of a set-up → its histories, one a seed.
        columns: of every set-up, of every run, what is drawn.
        step: the scrub position; None draws none.
        hover: what stands beside a line's name.
        theme: "light" or "dark".
        top: where an infinite value is drawn.
        extra: further traces.
        facts: further facts.
        crosses: whether failures are marked.
        empty: why there is nothing to draw, once the runs have begun.
        layout: title, y, and more of `style.figure`.
    """
    ceiling = _ceiling(runs, columns) if layout.get("yaxis", {}).get("type") == "log" else math.inf
    traces: list[dict[str, Any]] = []
    for place, (label, histories) in enumerate(runs.items()):
        x, values = on_one_axis(columns[place], [_end(history) for history in histories])
        traces += drawn(place, label, x, values, hover=hover, top=top)
        if math.isfinite(top):
            traces[-1]["text"] = [_lag(y, top) for y in traces[-1]["y"]]
        if crosses:
            ends = columns[place], last_step_of(runs), ceiling
            traces += _crosses(place, label, histories, *ends)
    if math.isfinite(ceiling):
        cut = {"autorangeoptions": {"clipmax": ceiling}, "dtick": 1}
        layout["yaxis"] = layout["yaxis"] | cut
    begun = any(history.last_step for history in every(runs))
    empty = empty if begun else WAITING
    scrub = [] if step is None else [step]
    return figure(
        [] if empty else traces + (extra or []),
        facts=" · ".join([seeds_seen(runs), *(facts or []), *_beyond(ceiling)]) if begun else "",
        x="step",
        theme=theme,
        marks=[
            *_changes(runs),
            *(Mark(x=x, text=f"step {x:,}", colour=SCRUB, dash="solid") for x in scrub),
        ],
        x_span=(1.0, last_step_of(runs)),
        empty=empty,
        meta={"axis": "step"},
        **BELOW,
        **layout,
    )


def _changes(runs: Runs) -> list[Mark]:
    """Live changes of all runs; what several were told is named where the first obeyed."""
    first: dict[tuple[str, int], Mark] = {}
    marks: list[Mark] = []
    for history in every(runs):
        told: Counter[str] = Counter()
        for mark in live_changes(history, clip=_CLIPS.get(history.config.clip, "clip")):
            told[mark.text] += 1
            key = mark.text, told[mark.text]
            earlier = first.get(key)
            if earlier is None or mark.x < earlier.x:
                first[key] = mark
            marks.append(Mark(x=mark.x))
    named = list(first.values())
    return newest_named(named + [mark for mark in marks if mark.x not in {m.x for m in named}])


def _lag(y: float, top: float) -> str:
    return "∞" if y >= top else f"{y:g}"


def _ceiling(runs: Runs, columns: list[list[Column]]) -> float:
    """A little above all runs that did not fail, where one that failed went far beyond them.

    Up to 1e14 and more: on an axis of so many decades the others would be one flat line.
    """
    failed, others = [0.0], [0.0]
    for history, (_, y) in zip(every(runs), itertools.chain(*columns), strict=True):
        known = y[np.isfinite(y)]
        (others if history.failure is None else failed).append(float(known.max(initial=0.0)))
    ceiling = CEILING * max(others)
    return ceiling if 0 < ceiling < max(failed) else math.inf


def _beyond(ceiling: float) -> list[str]:
    return ["cut off at the top"] if math.isfinite(ceiling) else []


def _crosses(
    place: int,
    label: str,
    histories: Sequence[History],
    columns: list[Column],
    last: float,
    ceiling: float,
) -> list[dict[str, Any]]:
    """A cross at the last finite value of each run that failed; in words, where it is the only.

    One beyond the picture has its cross at the top.
    """
    found = []
    for history, (x, y) in zip(histories, columns, strict=True):
        failure = history.failure
        if failure is None:
            continue
        known = y[np.isfinite(y) & (x <= failure.step)]
        if len(known):
            found.append((failure.step, min(float(known[-1]), ceiling), words_of(failure)))
    if not found:
        return []
    steps, values, words = zip(*found, strict=True)
    side = "right" if 2 * steps[0] < last else "left"
    return [
        {
            "type": "scatter",
            "uid": f"failed-{place}",
            "mode": "markers+text" if len(histories) == 1 else "markers",
            "x": steps,
            "y": values,
            "text": words,
            "textposition": f"{'bottom' if values[0] == ceiling else 'top'} {side}",
            "cliponaxis": False,
            "name": escaped(label),
            "legendgroup": str(place),
            "showlegend": False,
            "marker": {
                "symbol": "x-thin",
                "size": 9,
                "line": {"width": 2.5, "color": SETUPS[place % len(SETUPS)]},
            },
            "hovertemplate": "%{fullData.name}, %{text}<extra></extra>",
        }
    ]


def _end(history: History) -> float:
    return float(history.last_step)


def last_step_of(runs: Runs) -> float:
    """The newest step of all, 2 at least."""
    return max([2.0, *(_end(history) for history in every(runs))])
