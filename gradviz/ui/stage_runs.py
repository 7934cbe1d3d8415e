"""A stage's runs: opened, trained, paused, looked into, closed."""

from __future__ import annotations

import time

from gradviz.config import RunConfig
from gradviz.history import CloseUpRequest
from gradviz.ui.session import in_fragment, runner, session, session_id
from gradviz.ui.stage import Stage


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


def open_at_once(stage: Stage) -> None:
    """Have a lesson that opens with something to see train its first steps anew when set anew."""
    if stage.opens_at and not in_fragment() and (not stage.runs or stage.changed()):
        for run in open_runs(stage):
            runner().step(run, stage.opens_at)
        stage.active_at = time.monotonic()


def train(stage: Stage, run: str) -> None:
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


def pause(stage: Stage) -> None:
    """Pause all runs."""
    for run in stage.ids:
        runner().pause(run)


def step(stage: Stage, count: int) -> None:
    """Take so many steps in each run, and pause."""
    for run in stage.ids or open_runs(stage):
        runner().step(run, count)
    stage.wants_saving = session().saves_all


def reset(stage: Stage) -> None:
    """Back to step 0, or to the recorded run."""
    if stage.recording:
        close_runs(stage)  # The recorded run is shown again.
    else:
        open_runs(stage)


def attach(stage: Stage, runs: dict[str, list[str]]) -> None:
    """Take part in runs by label that are still there, such as a reloaded tab's; all or none."""
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


def resume_lost(stage: Stage) -> None:
    """Go on from the last good state of the runs whose worker died."""
    for run in stage.ids:
        runner().resume_lost(run)


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
