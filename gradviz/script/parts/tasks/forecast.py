"""Forecast a series: read a window of it, give the numbers of its first column that follow."""

import torch
from torch import Tensor

from gradviz.script.parts.tasks.windows import stream, windows


def forecast(
    values: Tensor, seq_len: int, steps: int, batch_size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(T, B, C) windows from anywhere, and (B, steps) what follows in the first column."""
    count = len(values) - seq_len - steps + 1
    starts = torch.randint(0, count, (batch_size,), generator=generator)
    drawn = windows(values, starts, seq_len + steps)
    return drawn[:seq_len], drawn[seq_len:, :, 0].T


def forecast_on(
    values: Tensor, seq_len: int, steps: int, batch_size: int, step: int
) -> tuple[Tensor, Tensor, bool]:
    """(T, B, C), (B, steps), and whether the windows go on from those of the step before."""
    drawn, goes_on = stream(values, seq_len, steps, batch_size, step)
    return drawn[:seq_len], drawn[seq_len:, :, 0].T, goes_on
