"""Scripts of runs, run; and the same runs by the Trainer."""

from __future__ import annotations

import contextlib
import io

import torch

from gradviz import RunConfig, Trainer
from gradviz.script import script


def losses_of_script(config: RunConfig, steps: int) -> list[float]:
    """What the run's script prints, run in this process; the global generator is left alone."""
    names = {"__name__": "script"}
    printed = io.StringIO()
    with torch.random.fork_rng(devices=[]), contextlib.redirect_stdout(printed):
        exec(compile(script(config), "script.py", "exec"), names)  # noqa: S102
        names["train"](steps)  # type: ignore[operator]
    lines = [line.split() for line in printed.getvalue().splitlines()]
    assert [int(step) for step, _ in lines] == list(range(1, steps + 1))
    return [float(loss) for _, loss in lines]


def losses_of_trainer(config: RunConfig, steps: int) -> list[float]:
    """What the Trainer gives."""
    trainer = Trainer(config)
    return [trainer.train_step("none").loss for _ in range(steps)]
