"""Saved runs looked at: one with all its pictures, up to four side by side, or in a lesson."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.config.setups import MOST_SETUPS
from gradviz.reading import read, read_compare
from gradviz.store import RunInfo
from gradviz.ui import actions, compare, exports, layout, run_list, show
from gradviz.ui.lesson import Lesson, Picture, of_one, reading_of_one
from gradviz.ui.lessons import GATES, LIVE_TRAINING, VANISHING
from gradviz.ui.session import in_fragment, session
from gradviz.ui.stage import Stage

LESSONS_OF_ONE = (LIVE_TRAINING, VANISHING, GATES)
"""Pages that show one run."""

_LIVE = {name: of_one(figure) for name, figure in figures.LIVE.items()}


def _of_one(stage: Stage) -> Mapping[str, Picture]:
    return _LIVE


def _of_several(stage: Stage) -> Mapping[str, Picture]:
    return {name: each for name, each in figures.COMPARE.items() if name != "compare_accuracy"}


ONE = Lesson(
    name="runs",
    title="Runs",
    text="Saved runs: find them, look at them again, compare them.",
    icon=":material/inventory_2:",
    default=RunConfig(),
    pictures=_of_one,
    read=reading_of_one(read),
    setups=lambda stage: {},
    opens_recorded=False,
    parts=("scrub",),
)
SEVERAL = replace(ONE, pictures=_of_several, read=read_compare, below=compare.table)


def chosen_runs(runs: Sequence[RunInfo]) -> None:
    """What can be done with the ticked runs, and their pictures."""
    if not runs:
        return
    if len(runs) == 1:
        run_list.edit(runs[0])
        open_links(runs[0])
    with st.container(horizontal=True):
        run_list.export_button(runs)
        run_list.delete_button(runs)
    look(runs)


def look(runs: Sequence[RunInfo]) -> None:
    """The pictures of the ticked runs."""
    begun = [run for run in runs if run.steps]
    if len(begun) > MOST_SETUPS:
        st.info(f"Up to {MOST_SETUPS} runs are compared; {len(begun)} are ticked.")
        return
    if not begun:
        st.info("No step of it is in the file yet.")
        return
    stage = session().stage(ONE if len(begun) == 1 else SEVERAL, key="runs")
    stored = labelled(begun)
    if stage.stored != stored:
        stage.stored, stage.scrub, stage.fresh = stored, None, True
    stage.notice = ""
    show.show(stage)
    exports.export(stage)


def labelled(runs: Sequence[RunInfo]) -> dict[str, int]:
    """Label to id, the oldest first; one run has no label, and no two have the same."""
    if len(runs) == 1:
        return {"": runs[0].run_id}
    names = [run.name for run in runs]
    return {
        run.name if names.count(run.name) == 1 else f"{run.name} (run {run.run_id})": run.run_id
        for run in reversed(runs)
    }


def open_links(run: RunInfo) -> None:
    """Buttons that open one run in the lessons; not of a user's own model, which has no set-up."""
    if not isinstance(run.config, RunConfig) or not run.steps:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Open in")
        for lesson in LESSONS_OF_ONE:
            pressed = st.button(
                lesson.title,
                key=f"runs_open_{lesson.name}",
                icon=lesson.icon,
                help="Its pictures as they were, and its settings, to train on with.",
            )
            if pressed and not in_fragment():
                _open(lesson, run)


def _open(lesson: Lesson, run: RunInfo) -> None:
    assert isinstance(run.config, RunConfig)
    stage = session().stage(lesson)
    actions.close_runs(stage)
    stage.take(run.config)
    stage.stored, stage.stored_for = {"": run.run_id}, stage.setups
    stage.scrub, stage.fresh = None, True
    # Without the query the page would be entered with its own settings.
    st.switch_page(layout.path_of(lesson), query_params=layout.link_query(stage))
