"""What a lesson's buttons, settings and pictures do when they are used."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import streamlit as st

from gradviz.config import ConfigError, RunConfig
from gradviz.history import CloseUpRequest
from gradviz.scenarios import SCENARIOS, Scenario
from gradviz.ui.session import in_fragment, runner, session, session_id
from gradviz.ui.stage import LIVE_FIELDS, Stage

SCENARIO = "scenario"
"""Key of the scenario's select box."""

ARROW = " → "
"""In a label, between what a run began with and what it was set to while it went on."""

LONGEST_ATTACH = 10_000
"""Characters in which a reloaded tab names its runs, at most."""


def component_key(stage: Stage) -> str:
    """Key of the pictures' component; its state lies in st.session_state under it."""
    return f"pictures_{stage.key}"


def obey_orders(key: str) -> None:
    """Do what the buttons of a stage's pictures asked for, every order once."""
    stage = session().stages.get(key)
    given = st.session_state.get(component_key(stage)) if stage else None
    if stage is None or not given:
        return
    for each in given["orders"] or []:
        if each["id"] > stage.handled:
            stage.handled = each["id"]
            stage.active_at = time.monotonic()
            order = _ORDERS.get(each["order"])
            if order:
                order(stage, each["value"])


def _play(stage: Stage, value: object) -> None:
    for run in stage.ids or open_runs(stage):
        _train(stage, run)


def _train(stage: Stage, run: str) -> None:
    """As far as the lesson goes, or the stage asks for; from there on without end."""
    stage.wants_saving = session().saves_all
    goal = stage.lesson.goal(stage)
    if goal is not None:
        runner().play(run, until=goal)
        return
    if stage.until is None:
        runner().play(run)
        return
    with runner().reading(run) as view:
        come = view.history.last_step if view else 0
    runner().play(run, until=stage.until if come < stage.until else None)


def _pause(stage: Stage, value: object) -> None:
    for run in stage.ids:
        runner().pause(run)


def _step(stage: Stage, value: object) -> None:
    if isinstance(value, int) and value in {1, 10, 100}:
        for run in stage.ids or open_runs(stage):
            runner().step(run, int(value))
        stage.wants_saving = session().saves_all


def _reset(stage: Stage, value: object) -> None:
    if stage.recording:
        close_runs(stage)  # The recorded run is shown again.
    else:
        open_runs(stage)


def _scrub(stage: Stage, value: object) -> None:
    stage.scrub = int(value) if isinstance(value, int | float) else None


def _missing(stage: Stage, value: object) -> None:
    """The browser was overtaken by a newer message and wants the pictures whole."""
    stage.fresh = True


def _point(stage: Stage, value: object) -> None:
    if stage.lesson.at_point and isinstance(value, dict):
        stage.lesson.at_point(stage, value)


def _attach(stage: Stage, value: object) -> None:
    """After a reload the tab still knows its runs: take part in them again."""
    if stage.runs:
        return
    runs = _named_runs(value)
    started: dict[str, list[RunConfig]] = {}
    for label, names in runs.items():
        for name in names:
            if not runner().attach(name, session_id()):
                return
            with runner().reading(name) as view:
                if view is None:
                    return
                started.setdefault(label, []).append(view.config)
    stage.runs, stage.started, stage.fresh = runs, started, True
    stage.scrub = stage.seen_first


def _named_runs(value: object) -> dict[str, list[str]]:
    """Ids by label, as `live_message` gave them to the browser; empty for anything else."""
    try:
        found = json.loads(value) if isinstance(value, str) and len(value) < LONGEST_ATTACH else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    right = all(
        isinstance(names, list) and names and all(isinstance(name, str) for name in names)
        for names in found.values()
    )
    return found if right else {}


def _export(stage: Stage, value: object) -> None:
    """The whole page's rerun that follows opens the form."""
    session().export_asked, session().export_picture = stage.key, str(value)


_ORDERS: Mapping[str, Callable[[Stage, Any], None]] = MappingProxyType(
    {
        "play": _play,
        "pause": _pause,
        "step": _step,
        "reset": _reset,
        "scrub": _scrub,
        "missing": _missing,
        "attach": _attach,
        "point": _point,
        "export": _export,
    }
)


def show_recorded(key: str) -> None:
    """Show the recorded run of a scenario."""
    stage = _acting(key)
    stage.recording = scenario_name(stage)
    stage.fresh = True


def restart(key: str) -> None:
    """Start over with the settings as they are now, and train."""
    stage = _acting(key)
    for run in open_runs(stage):
        _train(stage, run)


def go_on(key: str) -> None:
    """Train the runs there are; new ones where there are none, or the settings have changed."""
    stage = _acting(key)
    for run in open_runs(stage) if stage.changed() or not stage.runs else stage.ids:
        _train(stage, run)


def pause(key: str) -> None:
    """Pause all runs."""
    _pause(_acting(key), None)


def reset(key: str) -> None:
    """Back to step 0, or to the recorded run."""
    _reset(_acting(key), None)


def resume_lost(key: str) -> None:
    """Go on from the last good state of the runs whose worker died."""
    for run in _acting(key).ids:
        runner().resume_lost(run)


def setting_changed(key: str, name: str) -> None:
    """Running runs follow their learning rate and clip threshold at once."""
    if name in LIVE_FIELDS:
        _apply_live(session().stages[key])


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
        _apply_live(stage)


def defaults(key: str) -> None:
    """All settings to the lesson's own."""
    if not in_fragment():
        stage = session().stages[key]
        stage.take(stage.lesson.default, stage.lesson.extra)


def open_runs(stage: Stage) -> list[str]:
    """New runs with the present settings, paused at step 0; those before are freed. Their ids."""
    close_runs(stage)
    stage.started = stage.setups
    count = sum(len(configs) for configs in stage.started.values())
    stage.runs = {
        label: [
            runner().open(
                config,
                session_id(),
                closeup=stage.look if stage.lesson.closeup else None,
                frame_bytes=stage.lesson.frame_bytes // count,
                in_line=stage.lesson.in_line,
            )
            for config in configs
        ]
        for label, configs in stage.started.items()
    }
    stage.scrub = stage.seen_first
    return stage.ids


def look(stage: Stage, request: CloseUpRequest) -> None:
    """Have the runs' close-ups look elsewhere."""
    if request != stage.look:
        stage.look = request
        stage.active_at = time.monotonic()
        for run in stage.ids:
            runner().look(run, request)


def close_runs(stage: Stage) -> None:
    """Stop a stage's runs and free their memory."""
    for run in stage.ids:
        runner().close(run)
    stage.runs, stage.started, stage.stored = {}, {}, {}
    stage.scrub = stage.seen_first
    stage.notice = ""


def open_at_once(stage: Stage) -> None:
    """Have a lesson that opens with something to see train its first steps anew when set anew."""
    if stage.opens_at and not in_fragment() and (not stage.runs or stage.changed()):
        for run in open_runs(stage):
            runner().step(run, stage.opens_at)
        stage.active_at = time.monotonic()


def _acting(key: str) -> Stage:
    """A stage of this tab, looked at quickly for a while."""
    stage = session().stages[key]
    stage.active_at = time.monotonic()
    return stage


def _apply_live(stage: Stage) -> None:
    """Tell each run its new learning rate and clip threshold, where it has one."""
    if not stage.runs or not stage.lesson.follows:
        return
    wanted = stage.setups
    # A label may hold the threshold; where none came or went, places tell which is which.
    alike = len(wanted) == len(stage.runs)
    after = dict(zip(stage.runs, wanted if alike else stage.runs, strict=True))
    runs, started = {}, {}
    for label, names in stage.runs.items():
        now = wanted.get(after[label], [])
        then = stage.started[label]
        told = [_tell(stage, *each) for each in zip(names, then, now, strict=False)]
        told += then[len(told) :]
        as_set = bool(now) and (told[0].clip, told[0].clip_threshold) == _clip_of(now[0])
        if as_set and label != after[label]:
            label = relabelled(label, after[label]) if _has_begun(names[0]) else after[label]
        runs[label], started[label] = names, told
    stage.runs, stage.started = runs, started


def _tell(stage: Stage, run: str, then: RunConfig, now: RunConfig) -> RunConfig:
    """Tell one run; the settings that it has from now on."""
    tell = {
        "learning_rate": runner().set_learning_rate,
        "clip_threshold": runner().set_clip_threshold,
    }
    if now.clip != then.clip:
        del tell["clip_threshold"]  # Of another kind of clip it is another thing.
    for name in [name for name in now.differences(then) if name in tell]:
        try:
            changed = then.replace(**{name: getattr(now, name)})
        except ConfigError:  # Not with the run's own other settings: it waits for a restart.
            continue
        tell[name](run, getattr(now, name))
        then = changed
        stage.active_at = time.monotonic()
    return then


def _has_begun(run: str) -> bool:
    with runner().reading(run) as view:
        return view is not None and view.history.last_step > 0


def _clip_of(config: RunConfig) -> tuple[str, float]:
    return config.clip, config.clip_threshold


def relabelled(then: str, now: str) -> str:
    """A run's label after a live change: with what it began and what it has now, norm 1 → 2."""
    first = then.split(ARROW)[0]
    return first if first == now else f"{first}{ARROW}{now.split(' ')[-1]}"
