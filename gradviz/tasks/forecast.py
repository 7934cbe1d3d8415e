"""Forecast a series: read a window of it, give the numbers that follow, all at once.

Shared by the tasks of gradviz's own series and of a user's.

Index legend: N rows of the series, C columns, T timesteps, K steps forecast, B sequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gradviz.config import ConfigError, RunConfig
from gradviz.tasks.task import Batch, Task
from gradviz.tasks.windows import walk, windows

if TYPE_CHECKING:
    import torch

Row = tuple[float, ...]
"""C numbers."""

Floats = NDArray[np.float64]


def forecast(rows: Sequence[Row] | Floats, config: RunConfig, *, normalise: bool = False) -> Task:
    """Input: all columns of T rows. Target: the first column of the K rows after them.

    The floor is the mean over the K forecasts of the variance of what each has to forecast: the
    best constants, one for each of them.

    Args:
        rows: (N, C).
        config: T and K are its seq_len and forecast_steps.
        normalise: give each column mean 0 and variance 1 over all rows; one that is constant, 0.

    Raises:
        ConfigError: where the series is shorter than one window.
    """
    import torch

    T, K = config.seq_len, config.forecast_steps
    values = np.asarray(rows, np.float64)
    if normalise:
        values = _normalised(values)
    count = len(values) - T - K + 1
    if count < 1:
        sentence = (
            f"seq_len and forecast_steps must together be at most the series' {len(values)} rows, "
            f"got {T} + {K}; make one of them smaller."
        )
        raise ConfigError({"seq_len": sentence})
    asked = (values[T + k : T + k + count, 0] for k in range(K))
    tensor = torch.tensor(values, dtype=torch.float32)
    return Task(
        input_size=values.shape[1],
        output_size=K,
        sample=partial(_sample, tensor, T, K),
        stream=partial(_stream, tensor, T, K, config.skip_step or T),
        floor=float(np.mean([each.var() for each in asked])),
        loss_kind="mse",
    )


def _normalised(values: Floats) -> Floats:
    centred = values - values.mean(axis=0)
    deviation = centred.std(axis=0)
    normal: Floats = centred / np.where(deviation > 0, deviation, 1.0)
    return normal


def _sample(
    values: torch.Tensor, T: int, K: int, batch_size: int, generator: torch.Generator
) -> Batch:
    import torch

    starts = torch.randint(0, len(values) - T - K + 1, (batch_size,), generator=generator)
    return _batch(windows(values, starts, T + K), T)


def _stream(
    values: torch.Tensor, T: int, K: int, skip_step: int, batch_size: int, index: int
) -> Batch:
    drawn, continues = walk(values, T, skip_step, batch_size, index, following=K)
    return _batch(drawn, T, continues=continues)


def _batch(drawn: torch.Tensor, T: int, *, continues: bool = False) -> Batch:
    """Of (T + K, B, C) values."""
    return Batch(drawn[:T], drawn[T:, :, 0].T.contiguous(), continues)
