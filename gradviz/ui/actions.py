"""What the Live training page's buttons, settings and pictures do when they are used."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

import streamlit as st

from gradviz.config import RunConfig
from gradviz.scenarios import SCENARIOS
from gradviz.ui.session import Session, in_fragment, runner, session, session_id

LIVE_FIELDS = ("learning_rate", "clip_threshold")
"""Settings that take effect while a run goes on."""

PICTURES = "pictures"
"""Key of the pictures' component; its state lies in st.session_state under it."""

SCENARIO = "scenario"
"""Key of the scenario's select box."""


def obey_orders() -> None:
    """Do what the buttons of the pictures asked for, every order once."""
    state = session()
    for each in st.session_state[PICTURES]["orders"]:
        if each["id"] > state.handled:
            state.handled = each["id"]
            state.active_at = time.monotonic()
            order = _ORDERS.get(each["order"])
            if order:
                order(state, each["value"])


def _play(state: Session, value: object) -> None:
    runner().play(state.run_id or _open(state))


def _pause(state: Session, value: object) -> None:
    if state.run_id:
        runner().pause(state.run_id)


def _step(state: Session, value: object) -> None:
    if isinstance(value, int) and value in {1, 10, 100}:
        runner().step(state.run_id or _open(state), int(value))


def _reset(state: Session, value: object) -> None:
    _open(state)


def _scrub(state: Session, value: object) -> None:
    state.scrub = int(value) if isinstance(value, int | float) else None


def _missing(state: Session, value: object) -> None:
    """The browser was overtaken by a newer message and wants the pictures whole."""
    state.fresh = True


def _attach(state: Session, value: object) -> None:
    """After a reload the tab still knows its run: take part in it again."""
    if state.run_id is None and runner().attach(str(value), session_id()):
        with runner().reading(str(value)) as view:
            if view:
                state.run_id, state.started, state.fresh = str(value), view.config, True


_ORDERS: Mapping[str, Callable[[Session, object], None]] = MappingProxyType(
    {
        "play": _play,
        "pause": _pause,
        "step": _step,
        "reset": _reset,
        "scrub": _scrub,
        "missing": _missing,
        "attach": _attach,
    }
)


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
    if in_fragment():
        st.session_state[SCENARIO] = scenario_name(session().config)
    elif name:
        session().take(SCENARIOS[name].config)


def scenario_name(config: RunConfig) -> str:
    """The scenario whose settings these are; "" where there is none."""
    return next((name for name, each in SCENARIOS.items() if each.config == config), "")


def undo() -> None:
    """The settings before the last change."""
    if in_fragment():
        return
    state = session()
    state.undo_change()
    if state.started and set(state.config.differences(state.started)) <= set(LIVE_FIELDS):
        for name in LIVE_FIELDS:
            _apply_live(state, name)


def defaults() -> None:
    """All settings to their defaults."""
    if not in_fragment():
        session().take(RunConfig())


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
    state.notice = ""
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
