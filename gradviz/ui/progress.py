"""What the controls say of a stage's runs: their status, how far they have come, how fast."""

from __future__ import annotations

from collections.abc import Sequence

from gradviz.history import History
from gradviz.runner import RunView, Status
from gradviz.ui import recordings
from gradviz.ui.lesson import Runs
from gradviz.ui.stage import Stage

_RANK: Sequence[Status] = ("running", "pausing", "starting", "lost", "paused", "stopped")
"""Of several runs the first of these that any has is said of all."""


def status_of(views: Sequence[RunView]) -> Status:
    """Of several runs together; paused before the first."""
    return min((view.status for view in views), key=_RANK.index, default="paused")


def progress_of(stage: Stage, views: Sequence[RunView], runs: Runs) -> str:
    """A line of words beside the buttons."""
    if not views:
        return _recorded(stage, runs) or "ready"
    if len(views) > 1:
        return _progress_of_several(views)
    (view,) = views
    history = view.history
    parts = [view.status, f"step {history.last_step:,}"]
    losses = history.column("loss")
    if len(losses):
        parts.append(f"loss {losses[-1]:.4g}")
    if view.status == "running" and view.steps_per_second:
        parts.append(f"{view.steps_per_second:,.0f} steps/s")
    parts.append(_measured(history))
    return " · ".join(part for part in parts if part)


def _recorded(stage: Stage, runs: Runs) -> str:
    day = "" if stage.stored else recordings.day_of(stage)
    steps = max((history.last_step for each in runs.values() for history in each), default=0)
    if stage.stored:
        return f"saved · {steps:,} steps"
    return f"recorded {day} · {steps:,} steps" if day and steps else ""


def _progress_of_several(views: Sequence[RunView]) -> str:
    """Which step those that can go on have come to, how many do, how fast they are together."""
    going = [view for view in views if view.status != "stopped"] or views
    steps = [view.history.last_step for view in going]
    least, most = min(steps), max(steps)
    span = f"step {least:,}" if least == most else f"steps {least:,}–{most:,}"
    stopped = sum(view.status == "stopped" for view in views)
    over = f"{stopped} stopped" if stopped else ""
    status = status_of(views)
    running = [view for view in views if view.status == "running"]
    some = f"{len(running)} of " if 0 < len(running) < len(views) else ""
    count = f"{some}{len(views)} runs"
    pace = sum(view.steps_per_second for view in running)
    together = f"{pace:,.0f} steps/s together" if status == "running" and pace else ""
    parts = (status, span, count, over, together)
    return " · ".join(part for part in parts if part)


def _measured(history: History) -> str:
    frame = history.frame_at()
    if frame is None:
        return ""
    layer = next(iter(frame.layers.values()))
    probes = layer.hidden_grad_log10.shape[1]
    if history.is_memoryless:
        return f"measured on {probes} sequences"
    dear = 0 if layer.transport_log10 is None else layer.transport_log10.shape[1]
    if dear == probes:
        return f"measured on {probes} sequences"
    return f"measured on {probes} sequences; Jacobians and transport on {dear}"
