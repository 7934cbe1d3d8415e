"""Clipping: the same run and seed, at once without a clip and with each kind of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import plotly.graph_objects as go

from gradviz import figures
from gradviz.reading import read_clipping
from gradviz.scenarios import SCENARIOS
from gradviz.ui import clipping, clips
from gradviz.ui.lesson import Lesson, Picture, Runs
from gradviz.ui.stage import Stage

OPENS_AT = 60
"""Steps: by then the scenarios' runs that end without a clip have ended."""

_FIRST = SCENARIOS["nan_or_learning"]


def _pictures(stage: Stage) -> Mapping[str, Picture]:
    return {**figures.CLIPPING, "norm_percentiles": partial(_percentiles, stage)}


def _percentiles(stage: Stage, runs: Runs, step: int | None, *, theme: str) -> go.Figure:
    """Of the run that the helper under the pictures looks at."""
    kind = clipping.shown_kind(stage, runs)
    label, of = next((name, of) for name, of in runs.items() if of[0].config.clip == kind)
    return figures.norm_percentiles(of[0], step, theme=theme, label=label)


def _at_point(stage: Stage, point: dict[str, Any]) -> None:
    """A click on a threshold takes it."""
    threshold = point.get("x")
    if isinstance(threshold, int | float) and math.isfinite(threshold):
        clipping.use(stage, float(f"{threshold:.4g}"))


CLIPPING = Lesson(
    name="clipping",
    title="Clipping",
    text="The same seed without a clip, clipped by norm, by value and adaptively, at once.",
    icon=":material/content_cut:",
    default=clips.common(_FIRST.config),
    extra=clips.of_scenario(_FIRST, clips.Clips()),
    pictures=_pictures,
    read=read_clipping,
    setups=clips.setups,
    opens_at=OPENS_AT,
    at_point=_at_point,
    below=clipping.below,
    take_scenario=clips.take_scenario,
    take_query=clips.take_url,
    to_query=clips.url_of,
)
