"""Several set-ups by step: loss, accuracy, gradient norm, gradient horizon."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.compare_by_step import by_step, last_step_of
from gradviz.figures.over_training import WIDE
from gradviz.figures.setups import Column, Runs, every, lengths_seen
from gradviz.figures.style import log_axis
from gradviz.figures.traces import level
from gradviz.figures.wording import WAITING
from gradviz.history import Floats, Frame, History, crossing

FRAMES = 2400
"""Frames that are looked at for one picture, of all runs together: 2 µs each."""

MOST_FRAMES = 300
"""Of one run."""


def compare_loss(runs: Runs, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """Loss by step, a line a set-up, with the floor; a run that failed ends in a cross.

    Of several seeds the median, and a band from the least to the greatest. A seed that failed
    is in neither from there on.

    Args:
        runs: label of a set-up → its histories, one a seed; all of each is drawn.
        step: the scrub position, marked by a line.
        theme: "light" or "dark".
    """
    columns = _columns(runs, "loss")
    seen = _positive_of(columns)
    wide = len(seen) > 0 and seen.max() > WIDE * seen.min()
    return by_step(
        runs,
        _gaps_on_a_log_axis(columns) if wide else columns,
        step,
        title="Loss",
        y="loss",
        hover="step %{x:,}: loss %{y:.4g}",
        extra=_floors(runs),
        theme=theme,
        yaxis={"uirevision": "log", **log_axis(seen)} if wide else {"uirevision": "linear"},
    )


def compare_accuracy(runs: Runs, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """Share of right answers by step, where the tasks are classifications.

    Arguments and bands as for `compare_loss`.
    """
    columns = _columns(runs, "accuracy")
    known = any(np.isfinite(y).any() for of_setup in columns for _, y in of_setup)
    return by_step(
        runs,
        columns,
        step,
        title="Accuracy",
        y="accuracy",
        hover="step %{x:,}: %{y:.1%}",
        theme=theme,
        empty="" if known else "No accuracy: no classification",
        yaxis={"range": [-0.02, 1.02], "tickformat": ".0%"},
    )


def compare_norm(runs: Runs, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """Norm of all parameters' gradients before the clip, by step.

    Arguments and bands as for `compare_loss`.
    """
    columns = _gaps_on_a_log_axis(_columns(runs, "grad_norm_pre"))
    return by_step(
        runs,
        columns,
        step,
        title="Gradient norm before the clip",
        y="‖∂L/∂θ‖₂",
        hover="step %{x:,}: norm %{y:.3g}",
        theme=theme,
        yaxis=log_axis(_positive_of(columns)),
    )


def compare_horizon(runs: Runs, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """Gradient horizon by step: the least lag k with ‖∂s_T/∂s_{T−k}‖ ≤ 1/e, middle probe.

    Of the top layer, an encoder–decoder's in its decoder. Infinite, where the state carries a
    gradient to the first input, is drawn on a line of its own at the top. Arguments and bands as
    for `compare_loss`.
    """
    counted = max(len(list(every(runs))), 1)
    most = min(MOST_FRAMES, max(FRAMES // counted, 2))
    frames = [history.frames[-1] for history in every(runs) if history.frames]
    lengths = [len(frame.top_layer.hidden_grad_log10) for frame in frames]
    longest = max(lengths, default=2)
    top = 1.08 * longest
    columns = [[_horizons(history, most) for history in of] for of in runs.values()]
    known = any(len(x) for of_setup in columns for x, _ in of_setup)
    ends = (1.0, last_step_of(runs))
    ticks = [*range(0, longest, _tick(longest)), top]
    words = "∞: to the first input"
    first = level(ends, top, words, uid="first", hovertemplate=f"{words}<extra></extra>")
    return by_step(
        runs,
        columns,
        step,
        title="Gradient horizon",
        y="timesteps back",
        hover="step %{x:,}: horizon %{text}",
        theme=theme,
        top=top,
        extra=[first],
        facts=[*lengths_seen(lengths), *(["in the decoder"] if any(map(crossing, frames)) else [])],
        crosses=False,
        empty="" if known else "Not measured" if frames else WAITING,
        yaxis={
            "rangemode": "tozero",
            "tickvals": ticks,
            "ticktext": [*(f"{tick:,}" for tick in ticks[:-1]), "∞"],
        },
    )


def _columns(runs: Runs, name: str) -> list[list[Column]]:
    """Steps and values of every run; nan where a value is not finite."""
    return [[(h.column("step"), _finite(h.column(name))) for h in of] for of in runs.values()]


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _positive_of(columns: list[list[Column]]) -> Floats:
    values = [y[y > 0] for of_setup in columns for _, y in of_setup]
    return np.concatenate(values) if values else np.empty(0)


def _gaps_on_a_log_axis(columns: list[list[Column]]) -> list[list[Column]]:
    return [[(x, np.where(y > 0, y, np.nan)) for x, y in of_setup] for of_setup in columns]


def _horizons(history: History, most: int) -> Column:
    """Steps and horizons of the frames in which one was measured."""
    frames: list[Frame] = history.frames_upto(most=most)
    lags = np.array([frame.top_layer.horizon for frame in frames])
    known = ~np.isnan(lags)
    return np.array([frame.step for frame in frames])[known], lags[known]


def _tick(longest: int) -> int:
    """1, 2 or 5 times a power of ten, at most six of which fit into the longest sequence."""
    tick = 1
    while 6 * tick < longest:
        tick = tick * 5 // 2 if str(tick).startswith("2") else 2 * tick
    return tick


def _floors(runs: Runs) -> list[dict[str, Any]]:
    """A line for each loss of having learned nothing."""
    floors = list(dict.fromkeys(h.floor for h in every(runs) if h.floor is not None))
    ends = (1.0, last_step_of(runs))
    return [
        level(ends, floor, "floor", uid=f"floor-{n}", legendgroup="floor", showlegend=n == 0)
        for n, floor in enumerate(floors)
    ]
