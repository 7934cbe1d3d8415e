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
from gradviz.ui import (
    compare,
    exports,
    layout,
    run_edits,
    run_files,
    show,
    stage_runs,
    stills,
)
from gradviz.ui.lesson import Lesson, Picture, of_one, reading_of_one
from gradviz.ui.lessons import LESSONS, LIVE_TRAINING
from gradviz.ui.run_openings import HOW, Opening, opening
from gradviz.ui.session import in_fragment, session
from gradviz.ui.stage import Stage
from gradviz.ui.words import plain

_LIVE = {name: of_one(figure) for name, figure in figures.LIVE.items()}


def _of_one(stage: Stage) -> Mapping[str, Picture]:
    """Those of Live training; of a user's own model those that need no settings."""
    return LIVE_TRAINING.pictures(stage) if stage.extra else _LIVE


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
    setups=lambda stage: {"": [stage.config]},
    opens_recorded=False,
    below=LIVE_TRAINING.below,
    extra=False,
    parts=("scrub",),
)
"""Its extra says whether the stage's config is the run's own."""
SEVERAL = replace(ONE, pictures=_of_several, read=read_compare, below=compare.table)


def chosen_runs(runs: Sequence[RunInfo]) -> None:
    """What can be done with the ticked runs, and their pictures."""
    if not runs:
        return
    for run in runs:
        if run.problem:
            st.warning(plain(f"{run.name}: {run.problem}"))
    if len(runs) == 1:
        run_edits.edit(runs[0])
    open_links(runs)
    with st.container(horizontal=True):
        run_files.export_button(runs)
        run_edits.delete_button(runs)
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
        config = begun[0].config
        stage.extra = isinstance(config, RunConfig)
        stage.config = config if isinstance(config, RunConfig) else RunConfig()
    stage.notice = ""
    if stills.runs_of(stage):
        show.show(stage)
        exports.export(stage)
    else:
        st.error(stage.notice)


def labelled(runs: Sequence[RunInfo]) -> dict[str, int]:
    """Label to id, the oldest first; one run has no label, and no two have the same."""
    if len(runs) == 1:
        return {"": runs[0].run_id}
    names = [run.name for run in runs]
    return {
        run.name if names.count(run.name) == 1 else f"{run.name} (run {run.run_id})": run.run_id
        for run in reversed(runs)
    }


def open_links(runs: Sequence[RunInfo]) -> None:
    """A button a lesson that opens the runs there; where it cannot it says why."""
    found = {name: opening(LESSONS[name], runs) for name in HOW}
    why = {each for each in found.values() if isinstance(each, str)}
    if len(why) == 1 and not any(isinstance(each, Opening) for each in found.values()):
        # Six grey buttons would hide the one sentence from whoever has no mouse.
        st.caption(plain(f"Opens in no lesson. {why.pop()}"))
        return
    with st.container(horizontal=True, vertical_alignment="center", key="runs_open"):
        st.markdown("Open in")
        for name, each in found.items():
            _open_button(LESSONS[name], each)


def _open_button(lesson: Lesson, found: Opening | str) -> None:
    usual = "The pictures as they were, and the settings, to train on with."
    pressed = st.button(
        lesson.title,
        key=f"runs_open_{lesson.name}",
        icon=lesson.icon,
        disabled=isinstance(found, str),
        help=found if isinstance(found, str) else usual,
    )
    if pressed and not isinstance(found, str) and not in_fragment():
        _open(lesson, found)


def _open(lesson: Lesson, found: Opening) -> None:
    stage = session().stage(lesson)
    stage_runs.close_runs(stage)
    stage.take(found.config, found.extra)
    stage.stored, stage.stored_for = dict(found.stored), stage.setups
    stage.scrub, stage.fresh = None, True
    # Without the query the page would be entered with its own settings.
    st.switch_page(layout.path_of(lesson), query_params=layout.link_query(stage))
