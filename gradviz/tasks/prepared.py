"""A task whose inputs are scaled or have fewer features: the same maps for all of its batches.

What the maps are is fitted once, to sequences of the task's training data that are the same in
every run, whatever its seed: so runs that differ in their seeds read the same numbers. Targets stay
as they are, and what a decoder is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from gradviz.config import ConfigError, RunConfig
from gradviz.tasks.components import fit_components
from gradviz.tasks.input_scaling import fit_scaling
from gradviz.tasks.task import Batch, Task

if TYPE_CHECKING:
    import torch

    Map = Callable[[torch.Tensor], torch.Tensor]

SEQUENCES, MOST_NUMBERS = 512, 8_000_000
"""Fitted to so many sequences; fewer where their inputs would be more numbers than that."""

SEED = 512
"""Of the sequences that are fitted to."""


def prepared(task: Task, config: RunConfig) -> Task:
    """Scaled first, then its components taken, as the config asks for; else the task itself.

    Raises:
        ConfigError: where the data have fewer features than components are asked for.
    """
    if config.input_scaling == "none" and not config.pca:
        return task
    if config.pca > task.input_size:
        sentence = (
            f"pca must be at most {task.input_size}, the columns of the data, got {config.pca}."
        )
        raise ConfigError({"pca": sentence})
    maps: list[Map] = []
    inputs = _fitted_to(task, config.timesteps)
    if config.input_scaling != "none":
        maps.append(fit_scaling(inputs, config.input_scaling))
        inputs = maps[-1](inputs)
    if config.pca:
        maps.append(fit_components(inputs, config.pca))
    return _with_maps(task, maps, config.pca or task.input_size)


def _fitted_to(task: Task, timesteps: int) -> torch.Tensor:
    """(T, B, I)."""
    import torch

    most = MOST_NUMBERS // (timesteps * task.input_size)
    generator = torch.Generator().manual_seed(SEED)
    return task.sample(max(min(SEQUENCES, most), 1), generator).inputs


def _with_maps(task: Task, maps: Sequence[Map], input_size: int) -> Task:
    stream, held_out = task.stream, task.held_out
    return replace(
        task,
        input_size=input_size,
        sample=lambda size, generator: _mapped(maps, task.sample(size, generator)),
        stream=stream and (lambda size, index: _mapped(maps, stream(size, index))),
        held_out=held_out and (lambda size: list(map(partial(_mapped, maps), held_out(size)))),
    )


def _mapped(maps: Sequence[Map], batch: Batch) -> Batch:
    inputs = batch.inputs
    for each in maps:
        inputs = each(inputs)
    return batch._replace(inputs=inputs)
