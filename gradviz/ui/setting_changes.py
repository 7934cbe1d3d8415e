"""Changes of a stage's settings: one by one, to a scenario's, undone, back to the defaults."""

from __future__ import annotations

import streamlit as st

from gradviz.scenarios import SCENARIOS, Scenario
from gradviz.ui.live_changes import follow_settings
from gradviz.ui.session import in_fragment, session
from gradviz.ui.stage import LIVE_FIELDS, Stage

SCENARIO = "scenario"
"""Key of the scenario's select box."""


def setting_changed(key: str, name: str) -> None:
    """Running runs follow their learning rate and clip threshold at once."""
    if name in LIVE_FIELDS:
        follow_settings(session().stages[key])


def take_scenario(key: str) -> None:
    """All settings from the scenario that was picked."""
    name = st.session_state[SCENARIO]
    stage = session().stages[key]
    if in_fragment():
        st.session_state[SCENARIO] = scenario_name(stage)
    elif name:
        stage.lesson.take_scenario(stage, SCENARIOS[name])


def scenarios_of(stage: Stage) -> dict[str, Scenario]:
    """The scenarios of a stage's page, by name."""
    return {name: each for name, each in SCENARIOS.items() if each.page == stage.lesson.name}


def scenario_name(stage: Stage) -> str:
    """The scenario of this page whose runs the settings ask for; "" where there is none."""
    for name, scenario in scenarios_of(stage).items():
        if stage.lesson.is_scenario(stage, scenario):
            return name
    return ""


def undo(key: str) -> None:
    """The settings before the last change."""
    if in_fragment():
        return
    stage = session().stages[key]
    stage.undo_change()
    if set(stage.changed()) <= set(LIVE_FIELDS):
        follow_settings(stage)


def defaults(key: str) -> None:
    """All settings to the lesson's own."""
    if not in_fragment():
        stage = session().stages[key]
        stage.take(stage.lesson.default, stage.lesson.extra)
