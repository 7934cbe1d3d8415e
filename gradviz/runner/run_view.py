"""One run as the pages see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gradviz.config import RunConfig
from gradviz.history import History
from gradviz.runner.saving import Saving

Status = Literal["starting", "running", "pausing", "paused", "stopped", "lost"]
"""pausing: told to pause, and the step it was in is not over yet."""


@dataclass
class RunView:
    """Its history must not be used outside `Runner.reading`."""

    config: RunConfig
    history: History
    status: Status = "starting"
    message: str = ""
    generation: int = 0
    steps_per_second: float = 0.0
    step_ms: float | None = None
    """CPU time of a step that is not measured, in milliseconds: the median of the last hundred."""
    saving: Saving | None = None
    """How it is being saved; None where it is not."""
