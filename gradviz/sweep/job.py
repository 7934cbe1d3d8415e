"""Job: one run of a grid, and how it is trained. torch is imported where it trains."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradviz.config import RunConfig
from gradviz.history import History, Outcome, outcome_of

MEASURED = 8
"""Steps of a run that are measured, evenly; and the powers of two before the first of them."""


@dataclass(frozen=True, slots=True)
class Job:
    """A run to be done: of plain values, so that any executor can carry it."""

    config: RunConfig
    steps: int

    @property
    def key(self) -> str:
        """Equal for equal runs, also in another process or on another day."""
        query = "&".join(f"{name}={value}" for name, value in self.config.to_query().items())
        return f"{self.steps}?{query}"


def trained(job: Job) -> Mapping[str, Any]:
    """Train a job's run to its end, or until a number is not finite: `Outcome.to_dict`'s values.

    Of a run that fails, the last measured step is the last of the schedule before that.
    """
    from gradviz.training import Trainer, prepare_training_thread

    prepare_training_thread()
    trainer = Trainer(job.config)
    history = History(job.config, floor=trainer.floor)
    measured = measured_steps(job.steps)
    bare: list[float] = []
    for step in range(1, job.steps + 1):
        is_measured = step in measured
        began = time.thread_time()
        history.append(trainer.train_step("full" if is_measured else "none"))
        if not is_measured:
            bare.append(time.thread_time() - began)
        if history.failure:
            break
    unseen = None if history.failure else trainer.held_out_loss()
    history.append_frame(replace(history.frames[-1], held_out=unseen))
    step_ms = 1e3 * float(np.median(bare)) if bare else None
    outcome: Outcome = outcome_of(history, step_ms=step_ms)
    return outcome.to_dict()


def measured_steps(last: int) -> set[int]:
    """The powers of two before the first of MEASURED even parts, and these parts' ends."""
    evenly = np.linspace(0, last, MEASURED + 1)[1:].round().astype(int).tolist()
    return {1, *evenly, *(2**power for power in range(10) if 2**power < evenly[0])} - {0}
