"""A series of several columns, gradviz's or a user's: forecast the first column.

Without data of one's own it is the Lorenz system, dx/dt = σ(y − x), dy/dt = x(ρ − z) − y,
dz/dt = xy − βz with σ = 10, ρ = 28, β = 8/3: chaotic, so that the error doubles about every 0.8
of its time units, 16 rows (Lorenz 1963, J. Atmos. Sci. 20).
"""

from __future__ import annotations

from functools import cache

from gradviz.config import ConfigError, RunConfig
from gradviz.tasks.forecast import Row, forecast
from gradviz.tasks.task import Task, TaskNotes
from gradviz.uploads import Series, Shelf

NOTES = TaskNotes(
    description="A window of a series, the Lorenz system's or your own, is read row by row, all "
    "columns at once; the network must forecast the next numbers of the first column.",
    paper="Lorenz 1963 (the series that comes with gradviz)",
    floor_text="Learned nothing is the mean squared error of the best constant forecasts: their "
    "variance, about 1 where the series is normalised.",
)

ROWS, SKIPPED = 2000, 400
"""Rows of the series, and those before it that lead to the attractor."""

STEP = 0.05
"""Time from row to row."""

_SUBSTEPS = 10
"""Of the integration within a row."""


def series(config: RunConfig) -> Task:
    """Input: all columns, each with mean 0 and variance 1 where normalised. Target: the first's.

    Raises:
        MissingDataError: where the data are not on this machine.
        ConfigError: where they are no table, or shorter than a window.
    """
    if not config.data:
        return forecast(lorenz(), config, normalise=config.normalise)
    found = Shelf().get(config.data)
    if not isinstance(found, Series):
        sentence = f"data must be a table for a series, got the text {found.name}; choose a table."
        raise ConfigError({"data": sentence})
    return forecast(found.values, config, normalise=config.normalise)


@cache
def lorenz() -> tuple[Row, ...]:
    """ROWS rows of (x, y, z) by the classical Runge–Kutta method, from (1, 1, 1)."""
    state: Row = (1.0, 1.0, 1.0)
    rows: list[Row] = []
    for _ in range(SKIPPED + ROWS):
        for _ in range(_SUBSTEPS):
            state = _after(state, STEP / _SUBSTEPS)
        rows.append(state)
    return tuple(rows[SKIPPED:])


def _after(state: Row, step: float) -> Row:
    one = _slope(state)
    two = _slope(_moved(state, one, step / 2))
    three = _slope(_moved(state, two, step / 2))
    four = _slope(_moved(state, three, step))
    slopes = (a + 2 * b + 2 * c + d for a, b, c, d in zip(one, two, three, four, strict=True))
    return _moved(state, tuple(slopes), step / 6)


def _moved(state: Row, slope: Row, step: float) -> Row:
    return tuple(each + step * along for each, along in zip(state, slope, strict=True))


def _slope(state: Row) -> Row:
    x, y, z = state
    return 10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z
