"""Remedies: a training that fails, and what each remedy does to it on the same seeds."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from gradviz import figures
from gradviz.history import FRAME_BYTES
from gradviz.reading import Reading, best_first, read
from gradviz.scenarios import on_page
from gradviz.ui import treatment
from gradviz.ui.board import board_of
from gradviz.ui.lesson import Lesson, Picture, Runs
from gradviz.ui.stage import Stage

MOST_DRAWN = 6
"""Set-ups whose lines can still be told apart: the untreated and the best of the others."""

_LINES = ("compare_loss", "compare_horizon", "compare_flow", "compare_norm")


def _pictures(stage: Stage) -> Mapping[str, Picture]:
    lines = {name: _few(stage, figures.COMPARE[name]) for name in _LINES}
    return {"compare_loss": lines.pop("compare_loss"), "remedy_losses": _losses(stage), **lines}


def _losses(stage: Stage) -> Picture:
    def picture(runs: Runs, step: int | None, *, theme: str) -> go.Figure:
        ranked = best_first(board_of(stage, runs).scores)
        order = [each.label for each in ranked if each.label in runs]
        order.sort(key=lambda label: label != treatment.UNTREATED)
        verdicts = {each.label: str(each.verdict) for each in ranked}
        shown = {label: runs[label] for label in order}
        return figures.remedy_losses(
            shown, step, verdicts=verdicts | {treatment.UNTREATED: "untreated"}, theme=theme
        )

    return picture


def _few(stage: Stage, figure: Picture) -> Picture:
    """A picture of a line a set-up, of those that can be told apart."""

    def picture(runs: Runs, step: int | None, *, theme: str) -> go.Figure:
        return figure(_drawn(stage, runs), step, theme=theme)

    return picture


def _drawn(stage: Stage, runs: Runs) -> Runs:
    if len(runs) <= MOST_DRAWN:
        return runs
    ranked = best_first(board_of(stage, runs).scores)
    others = [each.label for each in ranked if each.label in runs]
    others.remove(treatment.UNTREATED)
    # Before any is judged those that have begun.
    others.sort(key=lambda label: not any(history.last_step for history in runs[label]))
    kept = {treatment.UNTREATED, *others[: MOST_DRAWN - 1]}
    return {label: histories for label, histories in runs.items() if label in kept}


def _read(runs: Runs, step: int | None) -> Reading:
    """The untreated run in words."""
    first, *_ = runs[treatment.UNTREATED]
    words = read(first, step)
    lead, *others = words.sentences
    seeds = len(runs[treatment.UNTREATED])
    which = "Untreated, the first seed" if seeds > 1 else "Untreated"
    return Reading(sentences=[f"{which}: {lead}", *others], level=words.level)


REMEDIES = Lesson(
    name="remedies",
    title="Remedies",
    text="Take a training that fails, tick remedies, and measure what each does to it.",
    icon=":material/healing:",
    default=next(iter(on_page("remedies").values())).config,
    extra=treatment.Treatment(),
    pictures=_pictures,
    read=_read,
    setups=treatment.setups,
    follows=False,
    recorded_in_part=True,
    goal=treatment.goal,
    in_line=True,
    frame_bytes=FRAME_BYTES // 2,
    parts=("scrub",),
    take_scenario=treatment.take_scenario,
    is_scenario=treatment.is_scenario,
    take_query=treatment.take_url,
    to_query=treatment.url_of,
)
