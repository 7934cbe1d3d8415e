"""The cliff: one unit's error surface, and two descents on it."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.reading import Reading, read_cliff
from gradviz.ui import cliff
from gradviz.ui.lesson import Lesson, Picture, Runs
from gradviz.ui.stage import Stage


def _pictures(stage: Stage) -> Mapping[str, Picture]:
    return {name: _of_descents(figure, stage.extra) for name, figure in figures.CLIFF.items()}


def _of_descents(figure: Picture, start: cliff.Start) -> Picture:
    def picture(runs: Runs, step: int | None, *, theme: str) -> go.Figure:
        return figure(cliff.descents(start), theme=theme)

    return picture


def _read(start: cliff.Start) -> Reading:
    return read_cliff(cliff.descents(start))


CLIFF = Lesson(
    name="cliff",
    title="The cliff",
    text="The error of a single unit over its two weights has a wall. Click a start in the "
    "contour, and see what one step there does, with a clip and without.",
    icon=":material/landscape:",
    default=RunConfig(),
    extra=cliff.INTO_THE_WALL,
    pictures=_pictures,
    read_extra=_read,
    setups=lambda stage: {},
    at_point=cliff.start_here,
    parts=(),
    take_query=cliff.take_query,
    to_query=cliff.to_query,
)
