"""Which threshold? What each would have clipped of the gradient norms that a run has shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.palette import AFTER, BEFORE, LIMIT
from gradviz.figures.setups import BELOW
from gradviz.figures.style import figure, log_axis
from gradviz.figures.traces import line
from gradviz.figures.wording import WAITING, count_of, escaped
from gradviz.history import Floats, History

PERCENTILES = (10, 25, 50, 75, 90, 95, 99)

DIGITS = 4
"""Significant ones of a threshold, so that it can be said and typed."""

MOST_SIDE_BY_SIDE = 50
"""Greatest norm over the least up to which the axis names 2 and 5 of each decade too."""

MOST_NORMS = 400
"""Points of the drawn curve."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ThresholdRow:
    """One percentile of the gradient norms before the clip."""

    percentile: int
    threshold: float
    """The least norm that was seen and that this share of all does not exceed, rounded up to
    DIGITS."""
    share: float
    """Of the steps, in 0…1, that a clip by norm at this threshold would have clipped."""


def threshold_table(history: History, step: int | None = None) -> list[ThresholdRow]:
    """A row a percentile, of the norms through `step`; empty before the first.

    With another threshold the run would have gone another way: this counts what was seen.
    """
    norms = _norms(history, step)
    if not len(norms):
        return []
    thresholds = map(_tidy, np.percentile(norms, PERCENTILES, method="inverted_cdf"))
    return [
        ThresholdRow(
            percentile=percentile,
            threshold=threshold,
            share=float((norms > threshold).mean()),
        )
        for percentile, threshold in zip(PERCENTILES, thresholds, strict=True)
    ]


def norm_percentiles(
    history: History, step: int | None = None, *, theme: str = "light", label: str = ""
) -> go.Figure:
    """Share of the steps that a clip by norm would have clipped, by its threshold.

    The dots are the rows of `threshold_table`; the upright line is the threshold in use, for a
    run that is clipped by norm.

    Args:
        history: the run.
        step: counts the steps up to this one; None counts all.
        theme: "light" or "dark".
        label: what the page calls the run.
    """
    norms, rows = _norms(history, step), threshold_table(history, step)
    x, share = _survival(norms)
    hover = "threshold %{x:.3g}: %{y:.1%} of the steps clipped<extra></extra>"
    curve = line(x, share, "share clipped", AFTER, uid="share", shape="hv", hovertemplate=hover)
    dots = {
        "type": "scatter",
        "uid": "percentiles",
        "mode": "markers",
        "x": [row.threshold for row in rows],
        "y": [row.share for row in rows],
        "text": [f"{row.percentile}th" for row in rows],
        "name": "percentiles",
        "marker": {"color": BEFORE, "size": 8},
        "hovertemplate": f"%{{text}} percentile<br>{hover}",
    }
    used = _used(history, step)
    in_use = [] if used is None else [_upright(used)]
    return figure(
        [curve, dots, *in_use] if rows else [],
        meta={"axis": "norm", "click": True},
        title="Which threshold?",
        facts=_facts(label, len(norms)) if rows else "",
        x="threshold of a clip by norm",
        y="steps clipped",
        theme=theme,
        xaxis=_axis(norms),
        yaxis={"range": [-0.02, 1.02], "tickformat": ".0%"},
        **BELOW,
        empty="" if rows else "No norm yet" if history.last_step else WAITING,
    )


def _facts(label: str, steps: int) -> str:
    named = f"“{escaped(label)}”: " if label else ""
    return f"{named}norms of {count_of(steps, 'step')}, as this run went"


def _tidy(threshold: float) -> float:
    """Rounded up, for a hair less would clip the norm that it was taken from as well."""
    digit = 10.0 ** (math.floor(math.log10(threshold)) - DIGITS + 1)
    # Of what has few digits as it is, the quotient is whole but for rounding.
    return float(f"{math.ceil(threshold / digit * (1 - 1e-12)) * digit:.{DIGITS}g}")


def _axis(norms: Floats) -> dict[str, Any]:
    """Upright words have room; those side by side would overlap at 2 and 5 of many decades."""
    wide = len(norms) and norms.max() > MOST_SIDE_BY_SIDE * norms.min()
    return log_axis(norms) | ({"dtick": 1} if wide else {})


def _norms(history: History, step: int | None) -> Floats:
    """Before the clip; those that are 0 or not finite say nothing of a threshold."""
    norms = history.column("grad_norm_pre", upto=step)
    return norms[np.isfinite(norms) & (norms > 0)]


def _survival(norms: Floats) -> tuple[Floats, Floats]:
    """Norms seen, rising, and the share of steps above each."""
    ordered = np.sort(norms)
    chosen = np.unique(np.linspace(0, len(ordered) - 1, min(MOST_NORMS, len(ordered))).astype(int))
    x = ordered[chosen]
    above = len(ordered) - np.searchsorted(ordered, x, side="right")
    return x, above / max(len(ordered), 1)


def _used(history: History, step: int | None) -> float | None:
    thresholds = history.column("clip_threshold", upto=step)
    return float(thresholds[-1]) if history.config.clip == "norm" and len(thresholds) else None


def _upright(threshold: float) -> dict[str, object]:
    hover = f"threshold in use: {threshold:.4g}<extra></extra>"
    return line(
        [threshold] * 2, [0, 1], "in use", LIMIT, uid="in-use", dash="dash", hovertemplate=hover
    )
