"""Save what trains here: once by a button, or always."""

from __future__ import annotations

import streamlit as st

from gradviz.config import LIMITS, RunConfig, word_of
from gradviz.runner import RunView
from gradviz.store import default_path
from gradviz.ui import session as tab
from gradviz.ui.session import in_fragment, session
from gradviz.ui.stage import Stage
from gradviz.ui.widgets import bound
from gradviz.ui.words import plain

RUNS = "pages/runs.py"


def sidebar(stage: Stage) -> None:
    """The button, the setting, and what is saved of the runs that are shown."""
    if not LIMITS.saving:
        return
    with st.sidebar:
        st.button(
            "Save this run" if len(stage.setups) < 2 else "Save these runs",
            key="save",
            icon=":material/save:",
            on_click=_save,
            args=(stage.key,),
            width="stretch",
            help=f"Keep it in {default_path()}, with what it still trains.",
        )
        st.toggle(
            "Save every run",
            help="From the next Train or Step on, in this tab.",
            **bound("saves_all", session().saves_all, _save_all),
        )
        for text in _said(stage):
            st.caption(plain(text))


def follow(stage: Stage) -> None:
    """Begin to save the runs that are to be saved, once they have something to be saved."""
    if not stage.wants_saving or not stage.runs or not LIMITS.saving:
        return
    done = [
        tab.runner().save(name, _title(stage, label, config), (stage.lesson.title,))
        for label, names in stage.runs.items()
        for name, config in zip(names, stage.started[label], strict=False)
    ]
    stage.wants_saving = not all(done)


def _save(key: str) -> None:
    if in_fragment():
        return
    stage = session().stages[key]
    if not stage.runs:
        stage.notice = f"There is no run yet; press {stage.start}, then save it."
        return
    stage.wants_saving = True
    follow(stage)


def _save_all(value: bool) -> None:
    session().saves_all = value


def _title(stage: Stage, label: str, config: RunConfig) -> str:
    """Two runs of one set-up differ in their seed."""
    what = label or f"{word_of(config.cell)}, {word_of(config.task)}"
    seed = f", seed {config.seed}" if len(stage.runs[label]) > 1 else ""
    return f"{what}{seed}"


def _said(stage: Stage) -> list[str]:
    """How many of the runs that are shown are saved, and what hinders it."""
    views: list[RunView] = []
    for name in stage.ids:
        with tab.runner().reading(name) as view:
            views += [view] if view else []
    savings = [view.saving for view in views if view.saving]
    if stage.wants_saving:
        return ["Saved from its first step on."]
    if not savings:
        return []
    count = "It is" if len(views) == 1 else f"{len(savings)} of {len(views)} runs are"
    return [f"{count} saved as it trains; see Runs.", *{each.problem for each in savings} - {""}]
