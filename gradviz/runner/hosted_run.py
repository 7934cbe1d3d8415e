"""One run in a worker: its steps, which of them are measured, and the limits that end it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import Any

from gradviz.config import LIMITS
from gradviz.history import CloseUpRequest, Frame, StepRecord, scalars_of
from gradviz.runner.schedule import FrameSchedule
from gradviz.training import Trainer

STEP_LIMIT_S = LIMITS.step_seconds
MOST_STEPS = LIMITS.steps
TEXT_S = 2.0
"""Between two looks at what a language model writes and at what is held out from training."""
TEXT_SHARE = 0.05
"""Share of a run's time that these may take."""
CHECKPOINT_S = 5.0
CHECKPOINT_BYTES = 4 * 2**20


@dataclass
class HostedRun:
    """A training, and what is new of it since the server was told."""

    trainer: Trainer
    owner: str
    until: int | None = 0
    """Train until this step; None: without end."""
    order: int = 0
    """Number of the last command that started or paused it."""
    in_line: bool = False
    """Whether it waits for the runs in line that its owner opened before."""
    turn: int = 0
    """Number of its last slice, of all that its worker gave."""
    schedule: FrameSchedule = field(default_factory=FrameSchedule)
    rows: list[tuple[float, ...]] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    newest: Frame | None = None
    _checkpoint_at: float = 0.0
    _writes_at: float = -math.inf

    @property
    def running(self) -> bool:
        """Whether it has steps to take."""
        return self.until is None or self.trainer.step < self.until

    @property
    def at_rest(self) -> bool:
        """Whether its last step, if there is one, was measured."""
        return not self.trainer.step or (
            self.newest is not None and self.newest.step == self.trainer.step
        )

    def take_step(self, sharing: int) -> tuple[str, Any] | None:
        """Take a step.

        Args:
            sharing: how many runs share the worker's time, as this one sees it.

        Returns:
            What is to be said where the run ends with it; None where it may go on.
        """
        trainer, schedule = self.trainer, self.schedule
        began = time.monotonic()
        last = trainer.step + 1 in (self.until, MOST_STEPS)
        due = last or schedule.due(trainer.step + 1, began)
        due = due and trainer.step % trainer.config.record_every == 0
        cpu = time.thread_time()
        trainer.dear_probes = schedule.probes
        record = trainer.train_step("full" if due else "none")
        self.rows.append(scalars_of(record))
        # Of weights that are no numbers nothing can be measured.
        if record.is_measured:
            self.newest = self._framed(record, at_rest=last)
            self.frames.append(self.newest)
        spent = time.thread_time() - cpu
        if due:
            schedule.measured_step(
                began=began,
                spent_s=spent,
                dear_s=trainer.dear_seconds,
                most_probes=trainer.config.probe_size,
                sharing=sharing,
            )
        else:
            schedule.bare_step(spent)
        return self._end(record, spent, was_due=due)

    def look(self, request: CloseUpRequest) -> bool:
        """From the next frame on; at rest the newest frame is made anew: then True."""
        self.trainer.closeup = request
        if self.running or self.newest is None:
            return False
        closeup = self.trainer.look(request)
        if closeup is None:
            return False
        self.newest = replace(self.newest, closeup=closeup)
        return True

    def checkpoint(self) -> tuple[int, bytes] | None:
        """The step and its state, now and then; None where it is not yet time or too large."""
        now = time.monotonic()
        if now - self._checkpoint_at <= CHECKPOINT_S or not self.trainer.step:
            return None
        self._checkpoint_at = now
        data = self.trainer.checkpoint()
        return (self.trainer.step, data) if len(data) <= CHECKPOINT_BYTES else None

    def _end(self, record: StepRecord, spent: float, *, was_due: bool) -> tuple[str, Any] | None:
        """Why the run ends with a step: a number that is not finite, or a limit."""
        if record.failure:
            return "failed", record.failure
        # A measured step may take twice as long, and its dear quantities extra.
        if spent > STEP_LIMIT_S * (1 + was_due) + self.trainer.dear_seconds * was_due:
            text = f"A step took {spent:.1f} s; {STEP_LIMIT_S:g} s is the limit."
            return "stopped", text + " Make the network or the batch smaller."
        if self.trainer.step == MOST_STEPS:
            return "stopped", f"The run took {MOST_STEPS:,} steps, the most that one may take here."
        return None

    def _framed(self, record: StepRecord, *, at_rest: bool) -> Frame:
        """A measured step's frame; now and then, and at rest, what else is looked at."""
        frame = Frame.from_record(record)
        began = time.monotonic()
        if record.failure or not (at_rest or began > self._writes_at):
            return frame
        trainer = self.trainer
        frame = replace(frame, text=trainer.sample_text(), held_out=trainer.held_out_loss())
        spent = time.monotonic() - began
        self._writes_at = began + max(TEXT_S, spent / TEXT_SHARE)
        return frame
