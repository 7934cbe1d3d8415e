"""Recorded runs on a stage: the same settings, trained once, shown before anything trains."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache

import streamlit as st

from gradviz.config import RunConfig
from gradviz.config.setups import is_used
from gradviz.history import CloseUpRequest, History
from gradviz.recorded import RecordedError, Recording, path_of, read
from gradviz.scenarios import SCENARIOS
from gradviz.ui.lesson import Runs
from gradviz.ui.stage import Stage

MOST_KEPT = 12
"""Recordings in the server's memory, of some megabytes each."""


def covering(stage: Stage) -> str:
    """The scenario whose recording has a run of each set-up; "" where there is none.

    Of several the first that goes as far as the stage trains, or else the longest; of a lesson
    that takes a part of them, the first that has most.
    """
    found = {name: runs for name in SCENARIOS if (runs := runs_of(stage, name))}
    far = {name: runs for name, runs in found.items() if _reach(runs) >= (stage.until or 1)}
    if not far:
        return max(found, key=lambda name: _reach(found[name]), default="")
    return max(far, key=lambda name: sum(map(bool, far[name].values())))


def offer(stage: Stage) -> None:
    """Show the recorded run of a stage's settings, where there is one, until it has its own.

    Of a lesson that does not open with one it is shown when the user has asked for it.
    """
    if stage.runs:
        stage.opens_at = stage.lesson.opens_at
        return
    if stage.stored and stage.setups == stage.stored_for:
        stage.recording, stage.start, stage.opens_at = "", "Train these settings anew", 0
        return
    stage.stored = {}
    # A recording holds one sequence's close-ups; for another the network is run.
    here = stage.look == CloseUpRequest() or not stage.lesson.closeup
    wanted = here and (stage.lesson.opens_recorded or stage.recording)
    shown, stage.recording = stage.recording, covering(stage) if wanted else ""
    if stage.recording != shown:
        stage.scrub = stage.seen_first
    stage.start = "Run it live" if stage.recording else "Train"
    stage.opens_at = 0 if stage.recording else stage.lesson.opens_at


def ask(stage: Stage) -> None:
    """Show the recorded run of a stage's settings, as `offer` does of most lessons by itself."""
    stage.recording, stage.fresh = covering(stage), True
    if not stage.recording:
        stage.problems.append("There is no recorded run of these settings.")


def runs_of(stage: Stage, name: str) -> Runs:
    """A scenario's recorded runs by the stage's own labels; empty without all of them.

    Of a lesson that takes a part of them, without the first, which the others are held against. Of
    several seeds there is the one that was recorded.
    """
    kept = recording(name) if _covers(name, stage) else None
    if kept is None:
        return {}
    known = {
        _asked(run.config): run for run in kept.runs.values() if isinstance(run.config, RunConfig)
    }
    found: dict[str, list[History]] = {}
    for label, configs in stage.setups.items():
        found[label] = [known[_asked(each)] for each in configs if _asked(each) in known]
    return found if _enough(stage)(found.values()) else {}


def day_of(stage: Stage) -> str:
    """When the stage's recording was made: 2026-11-21."""
    kept = recording(stage.recording)
    return kept.made if kept else ""


@st.cache_resource(show_spinner=False, max_entries=MOST_KEPT)
def recording(name: str) -> Recording | None:
    """A scenario's, read once for all sessions, which only look at it; None without a good file."""
    try:
        return read(path_of(name)) if name in SCENARIOS else None
    except RecordedError:
        return None


def _covers(name: str, stage: Stage) -> bool:
    """Whether a scenario has a run of each set-up, without reading its file."""
    scenario = SCENARIOS.get(name)
    if scenario is None:
        return False
    if stage.lesson.closeup and not scenario.closeup:
        return False
    known = {_asked(config) for config in scenario.variants.values()}
    setups = stage.setups
    return bool(setups) and _enough(stage)(
        known & {_asked(each) for each in configs} for configs in setups.values()
    )


def _enough(stage: Stage) -> Callable[[Iterable[object]], bool]:
    return _has_first if stage.lesson.recorded_in_part else all


def _has_first(setups: Iterable[object]) -> bool:
    return bool(next(iter(setups), None))


def _reach(runs: Runs) -> float:
    """Steps that all of them have; one that failed has gone as far as it ever will."""
    return min(math.inf if run.failure else run.last_step for each in runs.values() for run in each)


@lru_cache(maxsize=1024)  # A page asks for all scenarios' whenever it is drawn.
def _asked(config: RunConfig) -> Hashable:
    """What a config asks for: the settings that change anything."""
    return tuple(
        (name, getattr(config, name)) for name in RunConfig.model_fields if is_used(config, name)
    )
