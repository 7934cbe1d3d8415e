"""The frame of every picture of several set-ups by step: lines, failures, the scrub position."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.over_training import live_changes, newest_named, words_of
from gradviz.figures.setups import BELOW, Column, Runs, drawn, every, on_one_axis, seeds_seen
from gradviz.figures.style import SCRUB, SETUPS, WAITING, Mark, escaped, figure
from gradviz.history import History

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
    traces: list[dict[str, Any]] = []
    for place, (label, histories) in enumerate(runs.items()):
        x, values = on_one_axis(columns[place], [_end(history) for history in histories])
        traces += drawn(place, label, x, values, hover=hover, top=top)
        if math.isfinite(top):
            traces[-1]["text"] = [_lag(y, top) for y in traces[-1]["y"]]
        if crosses:
            traces += _crosses(place, label, histories, columns[place], last_step_of(runs))
    begun = any(history.last_step for history in every(runs))
    empty = empty if begun else WAITING
    scrub = [] if step is None else [step]
    return figure(
        [] if empty else traces + (extra or []),
        facts=" · ".join([seeds_seen(runs), *(facts or [])]) if begun else "",
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


def _crosses(
    place: int, label: str, histories: Sequence[History], columns: list[Column], last: float
) -> list[dict[str, Any]]:
    """A cross at the last finite value of each run that failed; in words, where it is the only."""
    found = []
    for history, (x, y) in zip(histories, columns, strict=True):
        failure = history.failure
        if failure is None:
            continue
        known = y[np.isfinite(y) & (x <= failure.step)]
        if len(known):
            found.append((failure.step, float(known[-1]), words_of(failure)))
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
            "textposition": f"top {side}",
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
