"""Pictures by step: loss and clipping."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.marks import Mark
from gradviz.figures.palette import ACCURACY, AFTER, BEFORE, LIMIT, LOSS, ORANGE, RED, SCRUB
from gradviz.figures.style import MARGIN, figure, log_axis
from gradviz.figures.traces import level, line, thinned
from gradviz.figures.wording import WAITING, count_of
from gradviz.history import Failure, Floats, History, perplexity_at

WIDE = 30.0
"""A loss whose greatest value is so many times its least is drawn on a log axis."""

LABELLED_MARKS = 4
"""Live changes that are named; of many changes the newest. All are drawn."""


MOST_MARKS = 100
"""A setting that changed more often follows a schedule; a line a step would hide the picture."""


def loss(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """Loss and, for a classification, accuracy by step; the floor; live changes marked.

    Args:
        history: the run; all of it is drawn.
        step: the scrub position, marked by a line.
        theme: "light" or "dark".
    """
    steps, losses = history.column("step"), _finite(history.column("loss"))
    accuracy = history.column("accuracy")
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {}
    if len(steps):
        hover = "step %{x:,}: loss %{y:.4g}<extra></extra>"
        drawn = thinned(steps, losses)
        traces.append(line(*drawn, "loss", LOSS, uid="loss", hovertemplate=hover))
    held_out = history.held_out()
    if len(held_out):
        hover = "step %{x:,}: loss %{y:.4g} on data held out<extra></extra>"
        look = {"dash": "dot", "mode": "lines+markers", "hovertemplate": hover}
        traces.append(
            line(held_out[:, 0], held_out[:, 1], "held out", ORANGE, uid="held_out", **look)
        )
    if np.isfinite(accuracy).any():
        hover = "step %{x:,}: accuracy %{y:.1%}<extra></extra>"
        drawn = thinned(steps, accuracy)
        own = {"yaxis": "y2", "hovertemplate": hover}
        traces.append(line(*drawn, "accuracy", ACCURACY, uid="accuracy", **own))
        layout = _accuracy_axis()
    if history.floor is not None and len(steps):
        floor = level(_span(history), history.floor, "floor", uid="floor")
        traces.append(floor)
    positive = np.concatenate([losses, held_out[:, 1]])
    positive = positive[positive > 0]
    wide = len(positive) > 0 and positive.max() > WIDE * positive.min()
    return figure(
        traces,
        meta={"axis": "step"},
        title="Loss",
        facts=_loss_facts(history, step),
        x="step",
        y="loss",
        theme=theme,
        # A zoom made on one kind of axis means nothing on the other.
        yaxis={"uirevision": "log", **log_axis(positive)} if wide else {"uirevision": "linear"},
        marks=marks_of(history, step),
        x_span=_span(history),
        empty="" if len(steps) else WAITING,
        **layout,
    )


def clipping(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """Norm of all parameters' gradients before and after the clip, by step.

    The threshold is drawn for a clip by norm only: a clip by value bounds entries, no norm.
    Steps are counted up to the scrub position. Arguments as for `loss`.
    """
    steps = history.column("step")
    before = _positive(history.column("grad_norm_pre"))
    after = _positive(history.column("grad_norm_post"))
    clip = history.config.clip
    traces: list[dict[str, Any]] = []
    if len(steps):
        hover = "step %{x:,}: %{y:.3g}<extra></extra>"
        name = "norm" if clip == "none" else "before"
        drawn = thinned(steps, before)
        traces.append(line(*drawn, name, BEFORE, uid="before", hovertemplate=hover))
        if clip != "none":
            drawn = thinned(steps, after)
            traces.append(line(*drawn, "after", AFTER, uid="after", hovertemplate=hover))
        if clip == "norm":
            traces.append(threshold_line(history, uid="threshold", dash="dash"))
    return figure(
        traces,
        meta={"axis": "step"},
        title="Gradient norm and clip",
        facts=_clip_facts(history, step),
        x="step",
        y="‖∂L/∂θ‖₂",
        theme=theme,
        yaxis=log_axis(*(trace["y"] for trace in traces)),
        marks=marks_of(history, step),
        x_span=_span(history),
        empty="" if len(steps) else WAITING,
    )


def _loss_facts(history: History, step: int | None) -> str:
    if history.floor is None:
        return ""
    floor = f"floor of “learned nothing”: {history.floor:.3g}"
    now = perplexity_at(history, step)
    if now is None:
        return floor
    return f"{floor}, perplexity {now:.3g} (unigram {math.exp(history.floor):.3g})"


def _accuracy_axis() -> dict[str, Any]:
    axis = {
        "title": {"text": "accuracy", "standoff": 4},
        "overlaying": "y",
        "side": "right",
        "range": [-0.02, 1.02],
        "tickmode": "array",
        "tickvals": [0, 0.5, 1],
        "tickformat": ".0%",
        "showgrid": False,
    }
    return {"yaxis2": axis, "margin": MARGIN | {"r": 58}}


def threshold_line(history: History, *, uid: str, **look: Any) -> dict[str, Any]:
    """The clip threshold, with a stair where it was changed live."""
    steps, values = history.column("step"), history.column("clip_threshold")
    at = np.concatenate([[0], np.flatnonzero(np.diff(values) != 0) + 1, [len(steps) - 1]])
    hover = "threshold %{y:.3g}<extra></extra>"
    look = {"shape": "hv", "hovertemplate": hover, **look}
    return line(steps[at], values[at], "threshold", LIMIT, uid=uid, **look)


def _clip_facts(history: History, step: int | None) -> str:
    clipped = history.column("clipped", upto=step)
    clip = history.config.clip
    if not len(clipped):
        return ""
    if clip == "none":
        return "nothing is clipped"
    share = f"clipped {int(clipped.sum()):,} of {count_of(len(clipped), 'step')}"
    if clip == "own":
        return share
    threshold = history.column("clip_threshold", upto=step)[-1]
    return f"{share}, " + {
        "value": f"each entry to ±{threshold:g}",
        "agc": f"each unit to {threshold:g} of its weights’ norm",
    }.get(clip, f"norm to {threshold:g}")


def marks_of(history: History, step: int | None) -> list[Mark]:
    """Where a setting was changed live, where the run failed, and the scrub position."""
    marks = newest_named(live_changes(history, clip="clip"))
    if history.failure:
        at = float(history.failure.step)
        marks.append(Mark(x=at, text=words_of(history.failure), colour=RED))
    if step is not None:
        marks.append(Mark(x=float(step), text=f"step {step:,}", colour=SCRUB, dash="solid"))
    return marks


def live_changes(history: History, *, clip: str) -> list[Mark]:
    """Where the learning rate, or the threshold of what is called `clip`, was changed live."""
    steps = history.column("step")
    changes: list[Mark] = []
    for name, label in (("learning_rate", "learning rate"), ("clip_threshold", f"{clip} at")):
        values = history.column(name)
        changed = np.flatnonzero(np.diff(np.nan_to_num(values)) != 0) + 1
        for index in changed if len(changed) <= MOST_MARKS else []:
            changes.append(Mark(x=float(steps[index]), text=f"{label} {values[index]:g}"))
    return changes


def newest_named(changes: Sequence[Mark]) -> list[Mark]:
    """Marks in their order, of which only the newest keep their words."""
    ordered = sorted(changes, key=lambda mark: mark.x)
    named = [place for place, mark in enumerate(ordered) if mark.text][-LABELLED_MARKS:]
    return [m if place in named else Mark(x=m.x) for place, m in enumerate(ordered)]


def words_of(failure: Failure) -> str:
    """What became of a run, in three words and a number: NaN at step 31."""
    kind = {"nan": "NaN", "inf": "infinite", "norm overflow": "overflow"}[failure.kind]
    return f"{kind} at step {failure.step:,}"


def _span(history: History) -> tuple[float, float]:
    return 1.0, max(float(history.last_step), 2.0)


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _positive(values: Floats) -> Floats:
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)
