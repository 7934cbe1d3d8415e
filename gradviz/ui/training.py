"""The Live training page's parts: settings, what the run is about, the run itself."""

from __future__ import annotations

import time

import streamlit as st

from gradviz.config import RunConfig
from gradviz.history import History
from gradviz.reading import read
from gradviz.runner import RunView
from gradviz.scenarios import SCENARIOS
from gradviz.tasks import TASK_NOTES
from gradviz.ui import actions, controls
from gradviz.ui.live import live_message, live_pictures
from gradviz.ui.session import Session, runner, session
from gradviz.ui.words import plain

ACTIVE_S = 0.17
"""Between two looks at a run that trains: a little over five picture updates a second."""

IDLE_S = 2.0
"""Between two looks when nothing trains: a run that is lost is still noticed."""

LINGER_S = 4.0
"""The quick pace is kept so long after the last change: Pause and Resume in a row must not
redraw the whole page each time."""


def sidebar(state: Session) -> None:
    """Settings, with undo and a way back to the defaults."""
    with st.sidebar:
        names = ["", *SCENARIOS]
        st.session_state[actions.SCENARIO] = actions.scenario_name(state.config)
        st.selectbox(
            "Scenario",
            names,
            key=actions.SCENARIO,
            format_func=lambda name: SCENARIOS[name].title if name else "your own settings",
            on_change=actions.take_scenario,
        )
        left, right = st.columns(2)
        left.button(
            "Undo",
            key="undo",
            icon=":material/undo:",
            disabled=not state.undo,
            on_click=actions.undo,
            width="stretch",
            help="Back to the settings before the last change.",
        )
        right.button(
            "Defaults",
            key="defaults",
            icon=":material/restart_alt:",
            disabled=state.config == RunConfig(),
            on_click=actions.defaults,
            width="stretch",
            help="All settings to their defaults. Can be undone.",
        )
        controls.settings(state, actions.setting_changed)


def heading(state: Session) -> None:
    """Title, what the scenario or the task is, and settings that could not be taken."""
    scenario = SCENARIOS.get(actions.scenario_name(state.config))
    notes = TASK_NOTES[state.config.task]
    # One container: were the pictures below to change their place, they would be mounted anew.
    with st.container(key="heading"):
        st.header(scenario.title if scenario else "Live training")
        if scenario:
            st.markdown(scenario.text)
        st.caption(f"{notes.description} {notes.floor_text}")
        for problem in state.problems:
            st.warning(plain(problem), icon=":material/error:")


def live(state: Session) -> None:
    """Controls, words and pictures, looked at anew while a run goes on."""
    pace = _pace(state)
    st.fragment(_live, run_every=pace)(pace)


def _live(pace: float) -> None:
    state = session()
    if state.run_id:
        with runner().reading(state.run_id) as view:
            if view is None:
                state.run_id = state.started = None
                state.notice = "The run ended and its memory was freed. Press Train to start again."
            else:
                _draw(state, view)
    if not state.run_id:
        _draw(state, None)
    if _pace(state) != pace:
        st.rerun(scope="app")


def _draw(state: Session, view: RunView | None) -> None:
    history = view.history if view else History(state.config)
    _banners(state, view)
    _words(state, history)
    version = _version(state, view, history)
    new = version != state.sent or state.fresh
    state.sent, state.fresh = version, False
    message = live_message(
        view,
        history,
        run=state.run_id or "",
        version=version,
        handled=state.handled,
        scrub=state.scrub,
        progress=_progress(view),
        theme=(st.context.theme.type or "light") if new else None,
    )
    live_pictures(message, key=actions.PICTURES, on_orders=actions.obey_orders)


def _version(state: Session, view: RunView | None, history: History) -> str:
    frame = history.frame_at(state.scrub)
    parts = (
        state.run_id,
        view.generation if view else 0,
        history.last_step if frame is None or state.scrub is None else 0,
        len(history.frames),
        frame.step if frame else 0,
        state.scrub,
        st.context.theme.type,
        None if view else state.config.to_query(),
    )
    return repr(parts)


def _progress(view: RunView | None) -> str:
    if view is None:
        return "ready"
    history = view.history
    parts = [view.status, f"step {history.last_step:,}"]
    losses = history.column("loss")
    if len(losses):
        parts.append(f"loss {losses[-1]:.4g}")
    if view.status == "running" and view.steps_per_second:
        parts.append(f"{view.steps_per_second:,.0f} steps/s")
    parts.append(_measured(history))
    return " · ".join(part for part in parts if part)


def _measured(history: History) -> str:
    frame = history.frame_at()
    if frame is None:
        return ""
    layer = next(iter(frame.layers.values()))
    probes = layer.hidden_grad_log10.shape[1]
    dear = 0 if layer.transport_log10 is None else layer.transport_log10.shape[1]
    if dear == probes:
        return f"measured on {probes} sequences"
    return f"measured on {probes} sequences; Jacobians and transport on {dear}"


def _banners(state: Session, view: RunView | None) -> None:
    # Always one container: what comes after it must keep its place, or it is mounted anew.
    with st.container(key="banners"):
        if state.notice:
            st.info(state.notice)
        if view and view.message:
            st.error(plain(view.message))
        if view and view.status == "lost":
            st.button(
                "Resume from the last good state",
                key="resume_lost",
                on_click=actions.resume_lost,
            )
        changed = state.config.differences(state.started) if view and state.started else {}
        if changed:
            names = ", ".join(controls.label_of(name) for name in changed)
            with st.container(horizontal=True, vertical_alignment="center", border=True):
                st.markdown(f"**Settings changed** ({names}) — restart to apply.")
                st.button(
                    "Restart",
                    key="restart",
                    icon=":material/restart_alt:",
                    on_click=actions.restart,
                )


def _words(state: Session, history: History) -> None:
    with st.container(key="words"):
        if not history.last_step:
            st.info("Press **Train**: the network trains here while its gradients are measured.")
            return
        reading = read(history, state.scrub)
        box = {"ok": st.success, "warning": st.warning, "error": st.error}
        box.get(reading.level, st.info)(plain(" ".join(reading.sentences)))


def _pace(state: Session) -> float:
    """Seconds between two looks: quick while a run goes on and shortly after a change."""
    now = time.monotonic()
    if state.run_id:
        with runner().reading(state.run_id) as view:
            if view and view.status in {"running", "starting", "pausing"}:
                state.active_at = now
    if now - state.active_at > LINGER_S:
        return IDLE_S
    # A class of fifty that trains at once must not keep the server busy drawing.
    return max(ACTIVE_S, 0.05 * runner().running_count())
