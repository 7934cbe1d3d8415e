"""Training a scenario once, for its recording. torch is imported when it is called."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gradviz import __version__
from gradviz.config import RunConfig
from gradviz.history import CloseUpRequest, History
from gradviz.recorded.files import Recording
from gradviz.scenarios import Scenario

if TYPE_CHECKING:
    from gradviz.training import Trainer

MOST_FRAMES = 24
"""Of one run."""

MOST_CLOSE_UPS = 12
"""Frames of a run whose page looks closely: each is ten times as large."""

EARLY = 6
"""How many of them at most are the steps 1, 2, 4, …, where most happens."""

PROBES = 8
"""Sequences whose spectral norms and transport are kept; a live run measures about as many."""


def record(
    scenario: Scenario, *, told: Callable[[int], None] = lambda steps: None
) -> dict[str, History]:
    """Train every variant until the scenario has shown its point, or a number is not finite.

    Args:
        scenario: what to train.
        told: called now and then with the steps taken since the last call.

    Returns:
        The variant's label to its run, measured at `measured_steps`.
    """
    return {
        label: _run(config, scenario.steps, closeup=scenario.closeup, told=told)
        for label, config in scenario.variants.items()
    }


def recording(scenario: Scenario, runs: dict[str, History]) -> Recording:
    """The runs with what they were made by, today."""
    import torch

    return Recording(
        name=scenario.name,
        made=datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        versions={"gradviz": __version__, "torch": torch.__version__},
        runs=runs,
    )


def measured_steps(last: int, most: int) -> set[int]:
    """At most `most` steps of 1…`last`, evenly; before the first of them, powers of two."""
    evenly = np.linspace(0, last, most - EARLY + 1)[1:].round().astype(int)
    powers = [2**exponent for exponent in range(EARLY) if 2**exponent < evenly[0]]
    return {1, *powers, *evenly.tolist()} - {0}


def _run(config: RunConfig, steps: int, *, closeup: bool, told: Callable[[int], None]) -> History:
    """Of a run that fails, the frames are spread over what was finite; so it is trained again."""
    history = _measured(config, steps, steps, closeup=closeup, told=told)
    if history.failure:
        last = max(history.failure.step - 1, 1)
        history = _measured(config, steps, last, closeup=closeup, told=lambda steps: None)
    return history


def _measured(
    config: RunConfig, steps: int, last: int, *, closeup: bool, told: Callable[[int], None]
) -> History:
    """A run of `steps`, or until its failure, measured at `measured_steps` through `last`."""
    from gradviz.training import Trainer

    measured = measured_steps(last, MOST_CLOSE_UPS if closeup else MOST_FRAMES)
    trainer = Trainer(config)
    trainer.dear_probes = PROBES
    trainer.closeup = CloseUpRequest() if closeup else None
    history = History(config, floor=trainer.floor)
    for step in range(1, steps + 1):
        history.append(trainer.train_step("full" if step in measured else "none"))
        told(1)
        if history.failure:
            told(steps - step)
            break
        if config.training_size and step in measured:
            _look_at_unseen(trainer, history)
    return history


def _look_at_unseen(trainer: Trainer, history: History) -> None:
    """Beside a training set that can be learned by heart; a text's valid part is looked at live."""
    frame = replace(history.frames[-1], held_out=trainer.held_out_loss())
    history.append_frame(frame)
