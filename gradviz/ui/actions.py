"""What the Live training page's buttons, settings and pictures do when they are used."""

from __future__ import annotations

import time

import streamlit as st

from gradviz.config import RunConfig
from gradviz.scenarios import SCENARIOS
from gradviz.ui.session import Session, runner, session, session_id

LIVE_FIELDS = ("learning_rate", "clip_threshold")
"""Settings that take effect while a run goes on."""

PICTURES = "pictures"
"""Key of the pictures' component; its state lies in st.session_state under it."""

SCENARIO = "scenario"
"""Key of the scenario's select box."""


def toggle() -> None:
    """Train, pause or resume."""
    run = _acting().run_id or _open(session())
    with runner().reading(run) as view:
        running = view is not None and view.status == "running"
    (runner().pause if running else runner().play)(run)


def step(count: int) -> None:
    """Train `count` steps, then pause."""
    runner().step(_acting().run_id or _open(session()), count)


def reset() -> None:
    """Back to step 0, with the settings as they are now."""
    _open(_acting())


def restart() -> None:
    """Start over with the settings as they are now, and train."""
    runner().play(_open(_acting()))


def resume_lost() -> None:
    """Go on from the last good state of a run whose worker died."""
    run = _acting().run_id
    if run:
        runner().resume_lost(run)


def setting_changed(name: str) -> None:
    """A running run follows its learning rate and clip threshold at once."""
    if name in LIVE_FIELDS:
        _apply_live(session(), name)


def take_scenario() -> None:
    """All settings from the scenario that was picked."""
    name = st.session_state[SCENARIO]
    if name:
        session().take(SCENARIOS[name].config)


def undo() -> None:
    """The settings before the last change."""
    state = session()
    state.undo_change()
    if state.started and set(state.config.differences(state.started)) <= set(LIVE_FIELDS):
        for name in LIVE_FIELDS:
            _apply_live(state, name)


def defaults() -> None:
    """All settings to their defaults."""
    session().take(RunConfig())


def scrubbed() -> None:
    """The pictures were moved to another step."""
    value = _from_pictures("scrub")
    _acting().scrub = int(value) if isinstance(value, int | float) else None


def missing() -> None:
    """The browser was overtaken by a newer message and wants the pictures whole."""
    session().fresh = True


def stored_run() -> None:
    """After a reload the tab still knows its run: take part in it again."""
    state = session()
    run = str(_from_pictures("stored_run"))
    if state.run_id is None and runner().attach(run, session_id()):
        with runner().reading(run) as view:
            if view:
                state.run_id, state.started, state.fresh = run, view.config, True
                _acting()


def _acting() -> Session:
    """This tab's Session, looked at quickly for a while."""
    state = session()
    state.active_at = time.monotonic()
    return state


def _open(state: Session) -> str:
    """A new run with the present settings, paused at step 0; the one before is freed."""
    if state.run_id:
        runner().close(state.run_id)
    state.run_id = runner().open(state.config, session_id())
    state.started = state.config
    state.scrub = None
    return state.run_id


def _apply_live(state: Session, name: str) -> None:
    value = getattr(state.config, name)
    if state.run_id and state.started and value != getattr(state.started, name):
        tell = {
            "learning_rate": runner().set_learning_rate,
            "clip_threshold": runner().set_clip_threshold,
        }[name]
        tell(state.run_id, value)
        state.started = state.started.replace(**{name: value})
        _acting()


def _from_pictures(name: str) -> object:
    return st.session_state[PICTURES][name]["value"]
