"""The settings and the heading of a page that trains."""

from __future__ import annotations

import streamlit as st

from gradviz.scenarios import SCENARIOS, SHELVES
from gradviz.tasks import TASK_NOTES
from gradviz.ui import actions, controls, data_in_use, recordings, setting_changes
from gradviz.ui.own_data import YOUR_DATA
from gradviz.ui.stage import Stage
from gradviz.ui.words import plain


def sidebar(stage: Stage) -> None:
    """Settings, with undo and a way back to the defaults."""
    with st.sidebar:
        scenario_choice(stage)
        undo_and_defaults(stage)
        controls.settings(stage, setting_changes.setting_changed)


def scenario_choice(stage: Stage, label: str = "Scenario") -> None:
    """The scenarios of this page, by a word for what they are."""
    st.session_state[setting_changes.SCENARIO] = setting_changes.scenario_name(stage)
    st.selectbox(
        label,
        ["", *setting_changes.scenarios_of(stage)],
        key=setting_changes.SCENARIO,
        format_func=_scenario_title,
        on_change=setting_changes.take_scenario,
        args=(stage.key,),
    )


def _scenario_title(name: str) -> str:
    if not name:
        return "your own settings"
    scenario = SCENARIOS[name]
    shelf = "" if scenario.shelf == "gradients" else f"{SHELVES[scenario.shelf]}: "
    return f"{shelf}{scenario.title}"


def undo_and_defaults(stage: Stage) -> None:
    """Two buttons side by side."""
    left, right = st.columns(2)
    left.button(
        "Undo",
        key="undo",
        icon=":material/undo:",
        disabled=not stage.undo,
        on_click=setting_changes.undo,
        args=(stage.key,),
        width="stretch",
        help="Back to the settings before the last change.",
    )
    right.button(
        "Defaults",
        key="defaults",
        icon=":material/restart_alt:",
        disabled=stage.is_default,
        on_click=setting_changes.defaults,
        args=(stage.key,),
        width="stretch",
        help="All settings to this page's defaults. Can be undone.",
    )


def heading(stage: Stage) -> None:
    """Title, what the scenario or the task is, and settings that could not be taken."""
    scenario = SCENARIOS.get(setting_changes.scenario_name(stage))
    notes = TASK_NOTES[stage.config.task]
    # One container: were the pictures below to change their place, they would be mounted anew.
    with st.container(key="heading"):
        st.header(scenario.title if scenario else stage.lesson.title)
        if scenario:
            st.markdown(scenario.text)
        st.caption(f"{notes.description} {notes.floor_text}")
        if not stage.runs and not stage.recording and recordings.covering(stage):
            st.button(
                "Show the recorded run",
                key="show_recorded",
                icon=":material/history:",
                on_click=actions.show_recorded,
                args=(stage.key,),
                help="What this scenario's pictures were when gradviz was made; nothing trains.",
            )
        problems(stage)
        missing = data_in_use.trouble(stage.config)
        if missing:
            st.warning(plain(missing), icon=":material/error:")
            st.page_link(YOUR_DATA, label="Upload it on Your data", icon=":material/upload_file:")


def problems(stage: Stage) -> None:
    """Settings that could not be taken, a sentence each."""
    for problem in stage.problems:
        st.warning(plain(problem), icon=":material/error:")
