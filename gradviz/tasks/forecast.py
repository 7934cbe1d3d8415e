"""Forecast a series: read a window of it, give the numbers that follow, all at once.

Shared by the tasks of gradviz's own series and of a user's.

Index legend: N rows of the series, C columns, T timesteps, K steps forecast, B sequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import fmean, pvariance
from typing import TYPE_CHECKING

from gradviz.config import ConfigError, RunConfig
from gradviz.tasks.task import Batch, Task
from gradviz.tasks.windows import walk, windows

if TYPE_CHECKING:
    import torch

Rows = Sequence[Sequence[float]]
"""N rows of C numbers."""


def forecast(rows: Rows, config: RunConfig) -> Task:
    """Input: all columns of T rows. Target: the first column of the K rows after them.

    The floor is the mean over the K forecasts of the variance of what each has to forecast: the
    best constants, one for each of them.

    Raises:
        ConfigError: where the series is shorter than one window.
    """
    T, K = config.seq_len, config.forecast_steps
    count = len(rows) - T - K + 1
    if count < 1:
        sentence = (
            f"seq_len and forecast_steps must together be at most the series' {len(rows)} rows, "
            f"got {T} + {K}; make one of them smaller."
        )
        raise ConfigError({"seq_len": sentence})
    first = [row[0] for row in rows]
    asked = (first[T + k : T + k + count] for k in range(K))
    return Task(
        input_size=len(rows[0]),
        output_size=K,
        sample=partial(_sample, rows, T, K),
        stream=partial(_stream, rows, T, K, config.skip_step or T),
        floor=fmean(pvariance(each) for each in asked),
        loss_kind="mse",
    )


def _sample(rows: Rows, T: int, K: int, batch_size: int, generator: torch.Generator) -> Batch:
    import torch

    values = torch.tensor(rows)
    starts = torch.randint(0, len(values) - T - K + 1, (batch_size,), generator=generator)
    return _batch(windows(values, starts, T + K), T)


def _stream(rows: Rows, T: int, K: int, skip_step: int, batch_size: int, index: int) -> Batch:
    import torch

    drawn, continues = walk(torch.tensor(rows), T, skip_step, batch_size, index, following=K)
    return _batch(drawn, T, continues=continues)


def _batch(drawn: torch.Tensor, T: int, *, continues: bool = False) -> Batch:
    """Of (T + K, B, C) values."""
    return Batch(drawn[:T], drawn[T:, :, 0].T.contiguous(), continues)
