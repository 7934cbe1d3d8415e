"""Runs that go on follow a stage's learning rate and clip threshold at once."""

from __future__ import annotations

import time

from gradviz.config import ConfigError, RunConfig
from gradviz.ui.session import runner
from gradviz.ui.stage import Stage

ARROW = " → "
"""In a label, between what a run began with and what it was set to while it went on."""


def follow_settings(stage: Stage) -> None:
    """Tell each of a stage's runs its new learning rate and clip threshold, where it has one."""
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
        as_set = bool(now) and _clip_of(told[0]) == _clip_of(now[0])
        if as_set and label != after[label]:
            label = _relabelled(label, after[label]) if _has_begun(names[0]) else after[label]
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


def _relabelled(then: str, now: str) -> str:
    """A run's label after a live change: with what it began and what it has now, norm 1 → 2."""
    first = then.split(ARROW)[0]
    return first if first == now else f"{first}{ARROW}{now.split(' ')[-1]}"
