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
from gradviz.ui import controls
from gradviz.ui.live import live_pictures, pictures_message, same_message
from gradviz.ui.session import Session, runner, session, session_id

LIVE_FIELDS = ("learning_rate", "clip_threshold")
"""Settings that take effect while a run goes on."""

PICTURES = "pictures"
"""Key of the component; its state lies in st.session_state under it."""

ACTIVE_S = 0.2
"""Between two looks at a run that trains: five picture updates a second."""

IDLE_S = 2.0
"""Between two looks when nothing trains: a run that is lost is still noticed."""

LINGER_S = 4.0
"""The quick pace is kept so long after the last change: Pause and Resume in a row must not
redraw the whole page each time."""


def sidebar(state: Session) -> None:
    """Settings, with undo and a way back to the defaults."""
    with st.sidebar:
        names = ["", *SCENARIOS]
        st.session_state["scenario"] = _scenario_name(state.config)
        st.selectbox(
            "Scenario",
            names,
            key="scenario",
            format_func=lambda name: SCENARIOS[name].title if name else "your own settings",
            on_change=_take_scenario,
        )
        left, right = st.columns(2)
        left.button(
            "Undo",
            key="undo",
            icon=":material/undo:",
            disabled=not state.undo,
            on_click=_undo,
            width="stretch",
            help="Back to the settings before the last change.",
        )
        right.button(
            "Defaults",
            key="defaults",
            icon=":material/restart_alt:",
            disabled=state.config == RunConfig(),
            on_click=_defaults,
            width="stretch",
            help="All settings to their defaults. Can be undone.",
        )
        controls.settings(state, _changed)


def heading(state: Session) -> None:
    """Title, what the scenario or the task is, and settings that could not be taken."""
    scenario = SCENARIOS.get(_scenario_name(state.config))
    st.title(scenario.title if scenario else "Live training")
    if scenario:
        st.markdown(scenario.text)
    notes = TASK_NOTES[state.config.task]
    st.caption(f"{notes.description} {notes.floor_text}")
    for problem in state.problems:
        st.warning(_plain(problem), icon=":material/error:")


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
                st.info("The run has ended and its memory was freed. Press Train to start again.")
            else:
                _draw(state, view)
    if not state.run_id:
        _draw(state, None)
    if _pace(state) != pace:
        st.rerun(scope="app")


def _draw(state: Session, view: RunView | None) -> None:
    _buttons(state, view)
    _banners(state, view)
    history = view.history if view else History(state.config)
    _words(state, view, history)
    version = _version(state, view, history)
    if version == state.sent and not state.fresh:
        message = same_message(version, state.run_id or "")
    else:
        message = pictures_message(
            history,
            version=version,
            run=state.run_id or "",
            generation=view.generation if view else 0,
            scrub=state.scrub,
            theme=st.context.theme.type or "light",
        )
        state.sent, state.fresh = version, False
    on = {"scrub": _scrubbed, "missing": _missing, "stored_run": _stored_run}
    live_pictures(message, key=PICTURES, on=on)


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


def _buttons(state: Session, view: RunView | None) -> None:
    running = view is not None and view.status in {"running", "starting"}
    over = view is not None and view.status in {"stopped", "lost"}
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            "Pause" if running else "Resume" if view and view.history.last_step else "Train",
            key="play",
            icon=":material/pause:" if running else ":material/play_arrow:",
            type="primary",
            on_click=_toggle,
            disabled=over,
            shortcut="P",
            width=130,
        )
        for count in (1, 10, 100):
            st.button(
                f"Step {count}",
                key=f"step_{count}",
                on_click=_step,
                args=(count,),
                disabled=over,
                help=f"Train {count} step{'s' if count > 1 else ''}, then pause.",
                shortcut={1: "1", 10: "2", 100: "3"}[count],
            )
        st.button(
            "Reset",
            key="reset",
            icon=":material/replay:",
            on_click=_reset,
            disabled=view is None,
            help="Back to step 0, with the settings as they are now.",
        )
        st.caption(_progress(view))


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
    if view and view.message:
        (st.error if view.status in {"lost", "stopped"} else st.info)(_plain(view.message))
    if view and view.status == "lost":
        st.button("Resume from the last good state", key="resume_lost", on_click=_resume_lost)
    if view and state.started and _restart_needed(state):
        names = [controls.label_of(name) for name in state.config.differences(state.started)]
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown(f"**Settings changed** ({', '.join(names)}) — restart to apply.")
            st.button("Restart", key="restart", icon=":material/restart_alt:", on_click=_restart)


def _words(state: Session, view: RunView | None, history: History) -> None:
    if view is None:
        st.info("Press **Train**: the network trains here while its gradients are measured.")
        return
    reading = read(history, state.scrub)
    text = _plain(" ".join(reading.sentences))
    {"ok": st.success, "warning": st.warning, "error": st.error}.get(reading.level, st.info)(text)


def _plain(sentence: str) -> str:
    """A sentence that may hold what a user typed, with nothing left for Markdown to read."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|$~:&^=" else c for c in sentence)


def _pace(state: Session) -> float:
    """Seconds between two looks: quick while a run goes on and shortly after a change."""
    now = time.monotonic()
    if state.run_id:
        with runner().reading(state.run_id) as view:
            if view and view.status in {"running", "starting"}:
                state.active_at = now
    if now - state.active_at > LINGER_S:
        return IDLE_S
    # A class of fifty that trains at once must not keep the server busy drawing.
    return max(ACTIVE_S, 0.05 * runner().running_count())


def _restart_needed(state: Session) -> bool:
    return state.started is not None and bool(state.config.differences(state.started))


def _scenario_name(config: RunConfig) -> str:
    return next((name for name, each in SCENARIOS.items() if each.config == config), "")


def _open(state: Session) -> str:
    """Start over with the present settings, paused at step 0."""
    if state.run_id:
        runner().close(state.run_id)
    state.run_id = runner().open(state.config, session_id())
    state.started = state.config
    state.scrub = None
    return state.run_id


def _act(state: Session) -> None:
    state.active_at = time.monotonic()


def _toggle() -> None:
    state = session()
    _act(state)
    run = state.run_id or _open(state)
    with runner().reading(run) as view:
        running = view is not None and view.status in {"running", "starting"}
    (runner().pause if running else runner().play)(run)


def _step(count: int) -> None:
    state = session()
    _act(state)
    runner().step(state.run_id or _open(state), count)


def _reset() -> None:
    state = session()
    _act(state)
    _open(state)


def _restart() -> None:
    state = session()
    _act(state)
    runner().play(_open(state))


def _resume_lost() -> None:
    state = session()
    _act(state)
    if state.run_id:
        runner().resume_lost(state.run_id)


def _changed(name: str) -> None:
    state = session()
    if name in LIVE_FIELDS:
        _apply_live(state, name)


def _apply_live(state: Session, name: str) -> None:
    """Let a running run follow its learning rate or clip threshold at once."""
    value = getattr(state.config, name)
    if state.run_id and state.started and value != getattr(state.started, name):
        tell = {
            "learning_rate": runner().set_learning_rate,
            "clip_threshold": runner().set_clip_threshold,
        }[name]
        tell(state.run_id, value)
        state.started = state.started.replace(**{name: value})
        _act(state)


def _take_scenario() -> None:
    name = st.session_state["scenario"]
    if name:
        session().take(SCENARIOS[name].config)


def _undo() -> None:
    state = session()
    state.undo_change()
    if state.started and set(state.config.differences(state.started)) <= set(LIVE_FIELDS):
        for name in LIVE_FIELDS:
            _apply_live(state, name)


def _defaults() -> None:
    session().take(RunConfig())


def _from_pictures(name: str) -> object:
    return st.session_state[PICTURES][name]["value"]


def _scrubbed() -> None:
    state = session()
    _act(state)
    step = _from_pictures("scrub")
    state.scrub = int(step) if isinstance(step, int | float) else None


def _missing() -> None:
    session().fresh = True


def _stored_run() -> None:
    """After a reload the tab still knows its run: take part in it again."""
    state = session()
    run = str(_from_pictures("stored_run"))
    if state.run_id is None and runner().attach(run, session_id()):
        with runner().reading(run) as view:
            if view:
                state.run_id, state.started, state.fresh = run, view.history.config, True
                _act(state)
