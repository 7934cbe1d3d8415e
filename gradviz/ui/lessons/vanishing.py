"""Vanishing & exploding: what the recurrent weights do to a gradient, lag by lag."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from gradviz import figures
from gradviz.history import History
from gradviz.reading import Reading, read, read_vanishing
from gradviz.scenarios import SCENARIOS
from gradviz.ui import vanishing
from gradviz.ui.lesson import Lesson, Picture, Runs, of_one, reading_of_one
from gradviz.ui.stage import Stage

_MEASURED = {name: of_one(figure) for name, figure in figures.VANISHING.items()}


def _pictures(stage: Stage) -> Mapping[str, Picture]:
    return _MEASURED | {"powers": _powers(stage.extra)}


def _powers(example: vanishing.Example) -> Picture:
    def picture(runs: Runs, step: int | None, *, theme: str) -> go.Figure:
        return figures.powers(example.coupling, example.radius, theme=theme)

    return picture


def _read(history: History, step: int | None) -> Reading:
    """The words on lags; where the run failed, why."""
    failure = history.failure
    if failure and (step is None or step >= failure.step):
        return read(history, step)
    return read_vanishing(history, step)


VANISHING = Lesson(
    name="vanishing",
    title="Vanishing & exploding",
    text="Turn the gain of the recurrent weights and see how far back a gradient still reaches.",
    icon=":material/trending_down:",
    default=SCENARIOS["gain_one"].config,
    extra=vanishing.Example(),
    pictures=_pictures,
    read=reading_of_one(_read),
    opens_at=1,
    recorded_at=1,
    closeup=True,
    take_query=vanishing.take_query,
    to_query=vanishing.to_query,
)
