"""Yearly sunspot numbers 1700–2008: forecast the next year.

A real series with a cycle of about 11 years. 309 public numbers, shipped in
gradviz/data/sunspots.csv, which names their source.
"""

from __future__ import annotations

import csv
from functools import cache, partial
from importlib.resources import files
from statistics import pvariance
from typing import TYPE_CHECKING

from gradviz.config import RunConfig
from gradviz.tasks.task import Batch, Task, TaskNotes
from gradviz.tasks.windows import walk, windows

if TYPE_CHECKING:
    import torch

NOTES = TaskNotes(
    description="A window of years of the sunspot number, 1700 to 2008, in hundreds, is read year "
    "by year; the network must forecast the year after it.",
    paper="Yule 1927 (the series as a forecasting problem); data: NOAA, public domain",
    floor_text="Learned nothing is the mean squared error of the best constant forecast: the "
    "variance of the forecast years, 0.16 to 0.19 (hundreds squared).",
)

SCALE = 100.0
"""Sunspots in one unit of the input and the target: the series (0…190) becomes 0…1.9."""


@cache
def series() -> tuple[float, ...]:
    """The 309 yearly means, 1700 first, in units of SCALE sunspots."""
    lines = files("gradviz").joinpath("data/sunspots.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return tuple(float(row["sunspot_number"]) / SCALE for row in rows)


def sunspots(config: RunConfig) -> Task:
    """Input: one year's number. Target: the number of the year after the window."""
    seq_len = config.seq_len
    return Task(
        input_size=1,
        output_size=1,
        sample=partial(_sample, seq_len),
        stream=partial(_stream, seq_len, config.skip_step or seq_len),
        floor=pvariance(series()[seq_len:]),
        loss_kind="mse",
    )


def _sample(seq_len: int, batch_size: int, generator: torch.Generator) -> Batch:
    import torch

    years = torch.tensor(series())
    starts = torch.randint(0, len(years) - seq_len, (batch_size,), generator=generator)
    return _batch(windows(years, starts, seq_len + 1))


def _stream(seq_len: int, skip_step: int, batch_size: int, index: int) -> Batch:
    import torch

    drawn, continues = walk(torch.tensor(series()), seq_len, skip_step, batch_size, index)
    return _batch(drawn, continues=continues)


def _batch(drawn: torch.Tensor, *, continues: bool = False) -> Batch:
    """Of (T + 1, B) years, the last of which is the answer."""
    return Batch(drawn[:-1, :, None], drawn[-1, :, None], continues)
