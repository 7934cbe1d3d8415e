"""Several clips beside each other, by step: norms, angles, clipped steps, effective step size.

Their losses are `compare_loss`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.config import RunConfig
from gradviz.figures.compare_by_step import by_step
from gradviz.figures.over_training import threshold_line
from gradviz.figures.palette import SETUPS
from gradviz.figures.setups import Column, Runs, every, median_of, on_one_axis
from gradviz.figures.style import log_axis
from gradviz.figures.traces import line, thinned
from gradviz.figures.wording import escaped
from gradviz.history import Floats, History

LOOK_BACK = 50
"""Steps of which the share of clipped ones is drawn."""


def clip_norms(runs: Runs, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """‖∂L/∂θ‖₂ of all parameters before the clip and, dashed, after it; thresholds by norm dotted.

    A clip by value or adaptively bounds no norm, so it has no threshold here.

    Args:
        runs: label of a set-up → its histories, one a seed; of several the median, and a band
            from least to greatest before the clip.
        step: the scrub position, marked by a line.
        theme: "light" or "dark".
    """
    before = _columns(runs, _before)
    after = _after_lines(runs)
    thresholds = _thresholds(runs)
    drawn = [y for of_setup in before for _, y in of_setup]
    drawn += [trace["y"] for trace in [*after, *thresholds]]
    return by_step(
        runs,
        before,
        step,
        title="Gradient norm and clip",
        y="‖∂L/∂θ‖₂",
        hover="step %{x:,}: %{y:.3g} before",
        extra=[*after, *thresholds],
        facts=["dashed: after the clip"] if after else [],
        theme=theme,
        yaxis=log_axis(*drawn),
    )


def clip_angle(runs: Runs, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """Degrees by which the clip turned the gradient of all parameters together, by step.

    By norm, and where nothing was clipped, it is exactly 0. Arguments as for `clip_norms`.
    """
    columns = _columns(runs, lambda history: _finite(history.column("clip_angle")))
    known = any(np.isfinite(y).any() for of_setup in columns for _, y in of_setup)
    return by_step(
        runs,
        columns,
        step,
        title="Angle turned by the clip",
        y="degrees",
        hover="step %{x:,}: %{y:.3g}°",
        theme=theme,
        empty="" if known else "Not measured",
        yaxis={"rangemode": "tozero"},
    )


def clipped_share(runs: Runs, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """Share of the last LOOK_BACK steps that were clipped; in the legend, of all steps.

    The legend counts up to the scrub position. Arguments as for `clip_norms`.
    """
    named = {_with_total(label, list(of), step): of for label, of in runs.items()}
    return by_step(
        named,
        _columns(named, _recent_share),
        step,
        title="Clipped steps",
        y=f"share of the last {LOOK_BACK}",
        hover="step %{x:,}: %{y:.0%}",
        facts=["in brackets: of all steps"],
        theme=theme,
        yaxis={"range": [-0.02, 1.02], "tickformat": ".0%"},
    )


def effective_learning_rate(
    runs: Runs, step: int | None = None, *, theme: str = "light"
) -> go.Figure:
    """Learning rate times what the clip left of the gradient, η ‖g_post‖ / ‖g_pre‖, by step.

    It is how far plain SGD goes along the gradient, against no clip; momentum and other
    optimisers scale the gradient once more. Arguments as for `clip_norms`.
    """
    columns = _columns(runs, _effective)
    configs = [history.config for history in every(runs)]
    scaled = any(
        isinstance(each, RunConfig) and (each.optimizer != "sgd" or each.momentum > 0)
        for each in configs
    )
    known = any(np.isfinite(y).any() for of_setup in columns for _, y in of_setup)
    return by_step(
        runs,
        columns,
        step,
        title="Effective learning rate",
        y="η · ‖g_post‖ / ‖g_pre‖",
        hover="step %{x:,}: %{y:.3g}",
        facts=["before the optimiser’s own scaling"] if scaled else [],
        theme=theme,
        empty="" if known else "No learning rate: not recorded",
        yaxis=log_axis(*(y for of_setup in columns for _, y in of_setup)),
    )


def _columns(runs: Runs, of: Callable[[History], Floats]) -> list[list[Column]]:
    """Steps and values of every run."""
    return [[(each.column("step"), of(each)) for each in histories] for histories in runs.values()]


def _before(history: History) -> Floats:
    return _positive(history.column("grad_norm_pre"))


def _after(history: History) -> Floats:
    return _positive(history.column("grad_norm_post"))


def _effective(history: History) -> Floats:
    before, after = history.column("grad_norm_pre"), history.column("grad_norm_post")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # A gradient of zero is left whole: nothing was clipped.
        factor = np.where(before == 0, 1.0, after / before)
        return _positive(history.column("learning_rate") * factor)


def _recent_share(history: History) -> Floats:
    """Of the steps that are kept among the last LOOK_BACK: a long run keeps every second, …."""
    steps, clipped = history.column("step"), history.column("clipped")
    total = np.concatenate([[0.0], np.cumsum(clipped)])
    first = np.searchsorted(steps, steps - LOOK_BACK, side="right")
    newest = np.arange(1, len(steps) + 1)
    share: Floats = (total[newest] - total[first]) / (newest - first)
    return share


def _with_total(label: str, histories: list[History], step: int | None) -> str:
    flags = [history.column("clipped", upto=step) for history in histories]
    seen = np.concatenate(flags) if flags else np.empty(0)
    return f"{label} ({seen.mean():.0%})" if len(seen) else label


def _after_lines(runs: Runs) -> list[dict[str, Any]]:
    """What each clip left, in its set-up's colour; a set-up without a clip has one norm."""
    traces = []
    for place, (label, histories) in enumerate(runs.items()):
        if all(history.config.clip == "none" for history in histories):
            continue
        columns = [(history.column("step"), _after(history)) for history in histories]
        x, values = on_one_axis(columns, [float(history.last_step) for history in histories])
        x, y = thinned(x.astype(np.int32), median_of(values))
        own = {"dash": "dash", "legendgroup": str(place), "showlegend": False}
        hover = "%{fullData.name}, step %{x:,}: %{y:.3g} after<extra></extra>"
        colour = SETUPS[place % len(SETUPS)]
        uid = f"after-{place}"
        traces.append(line(x, y, escaped(label), colour, uid=uid, hovertemplate=hover, **own))
    return traces


def _thresholds(runs: Runs) -> list[dict[str, Any]]:
    """Of the clips by norm, one line for all whose threshold is and was the same."""
    found: dict[tuple[float, ...], History] = {}
    for history in every(runs):
        if history.config.clip == "norm" and history.last_step:
            changes = tuple(np.unique(history.column("clip_threshold")))
            known = found.setdefault(changes, history)
            if history.last_step > known.last_step:
                found[changes] = history
    own = {"dash": "dot", "showlegend": False}
    return [
        threshold_line(history, uid=f"threshold-{place}", **own)
        for place, history in enumerate(found.values())
    ]


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _positive(values: Floats) -> Floats:
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)
