"""What the buttons beside a lesson's pictures do to its runs."""

from __future__ import annotations

import time

from gradviz.ui import recordings, stage_runs
from gradviz.ui.session import session
from gradviz.ui.stage import Stage


def show_recorded(key: str) -> None:
    """Show the recorded run of a scenario."""
    recordings.ask(_acting(key))


def restart(key: str) -> None:
    """Start over with the settings as they are now, and train."""
    stage = _acting(key)
    for run in stage_runs.open_runs(stage):
        stage_runs.train(stage, run)


def go_on(key: str) -> None:
    """Train the runs there are; new ones where there are none, or the settings have changed."""
    stage = _acting(key)
    for run in stage_runs.open_runs(stage) if stage.changed() or not stage.runs else stage.ids:
        stage_runs.train(stage, run)


def pause(key: str) -> None:
    """Pause all runs."""
    stage_runs.pause(_acting(key))


def reset(key: str) -> None:
    """Back to step 0, or to the recorded run."""
    stage_runs.reset(_acting(key))


def resume_lost(key: str) -> None:
    """Go on from the last good state of the runs whose worker died."""
    stage_runs.resume_lost(_acting(key))


def _acting(key: str) -> Stage:
    """A stage of this tab, looked at quickly for a while."""
    stage = session().stages[key]
    stage.active_at = time.monotonic()
    return stage
