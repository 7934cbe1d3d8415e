"""Yearly sunspot numbers 1700–2008: forecast the next years.

A real series with a cycle of about 11 years. 309 public numbers, shipped in
gradviz/data/sunspots.csv, which names their source.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from gradviz.config import RunConfig
from gradviz.tasks.forecast import forecast
from gradviz.tasks.task import Task, TaskNotes

NOTES = TaskNotes(
    description="A window of years of the sunspot number, 1700 to 2008, in hundreds, is read year "
    "by year; the network must forecast the year after it, or as many years as asked for.",
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
    """Input: one year's number. Target: the numbers of the years after the window."""
    return forecast(tuple((each,) for each in series()), config)
