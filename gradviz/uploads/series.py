"""Numbers over time, as a task trains on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gradviz.uploads.errors import UploadError
from gradviz.uploads.names import listed

LEAST_ROWS = 32
"""A window, and some rows to forecast behind it."""

Missing = Literal["interpolate", "drop"]
"""What becomes of missing values: a straight line between their neighbours, or no row."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Series:
    """Columns of a table without gaps, in the units of the file.

    Raises:
        ValueError: where the values are not (T, C) finite float64.
    """

    name: str
    """The file's."""
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    """(T, C), one row a timestep; read-only."""
    source: str
    """One sentence: file, rows, columns."""
    notes: tuple[str, ...] = ()
    """A sentence for each thing that was changed or is worth knowing."""

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.columns):
            raise ValueError(
                f"values must be (T, {len(self.columns)}), got {self.values.shape}; "
                "give one column a name."
            )
        if self.values.dtype != np.float64 or not np.isfinite(self.values).all():
            raise ValueError("values must be finite float64; fill or drop what is missing.")
        # A view, so that the caller's own array stays as it was.
        values = self.values.view()
        values.flags.writeable = False
        object.__setattr__(self, "values", values)


def without_gaps(
    columns: tuple[str, ...], values_TC: NDArray[np.float64], missing: Missing
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """The values with every nan filled or its row dropped, and a sentence on that.

    Args:
        columns: names, each with at least one value.
        values_TC: nan where a value is missing.
        missing: what to do.

    Raises:
        UploadError: where too few rows are left.
    """
    gaps_TC = np.isnan(values_TC)
    if not gaps_TC.any():
        return values_TC.copy(), ()
    return (_interpolated if missing == "interpolate" else _dropped)(columns, values_TC, gaps_TC)


def remarks(columns: tuple[str, ...], values_TC: NDArray[np.float64]) -> tuple[str, ...]:
    """A sentence on columns that hold nothing to forecast."""
    changes_TC = np.diff(values_TC, axis=0)
    constant = (changes_TC == 0).all(axis=0)
    counting = (changes_TC == changes_TC[0]).all(axis=0) & ~constant
    notes = []
    if constant.any():
        notes.append(f"{_subject(columns, constant)} the same in every row: nothing to forecast.")
    if counting.any():
        notes.append(f"{_subject(columns, counting)} a count of the rows, by its equal steps.")
    return tuple(notes)


def _interpolated(
    columns: tuple[str, ...], values_TC: NDArray[np.float64], gaps_TC: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    filled_TC = values_TC.copy()
    rows_T = np.arange(len(values_TC))
    for column in np.flatnonzero(gaps_TC.any(axis=0)):
        gap = gaps_TC[:, column]
        known = values_TC[~gap, column]
        filled_TC[gap, column] = np.interp(rows_T[gap], rows_T[~gap], known)
    counts = gaps_TC.sum(axis=0)
    with_gaps = [name for name, count in zip(columns, counts, strict=True) if count]
    notes = [
        f"{_values(counts.sum())} of {listed(with_gaps)} {_were(counts.sum())} missing and "
        "interpolated linearly over the rows; before the first and behind the last number, that "
        "number is repeated."
    ]
    sparse = 2 * counts > len(values_TC)
    if sparse.any():
        notes.append(f"{_subject(columns, sparse)} more interpolated than measured.")
    return filled_TC, tuple(notes)


def _dropped(
    columns: tuple[str, ...], values_TC: NDArray[np.float64], gaps_TC: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    kept_T = np.logical_not(gaps_TC.any(axis=1))
    rows, kept = len(values_TC), int(kept_T.sum())
    if kept < LEAST_ROWS:
        raise UploadError(
            f"Series must have at least {LEAST_ROWS} rows, got {kept} without missing values; "
            "interpolate them, or choose other columns."
        )
    return values_TC[kept_T], (
        f"{rows - kept:,} of {rows:,} rows had missing values and were left out; the rows before "
        "and behind them now follow one another.",
    )


def _subject(columns: tuple[str, ...], which: NDArray[np.bool_]) -> str:
    names = [columns[index] for index in np.flatnonzero(which)]
    return f"Column {listed(names)} is" if len(names) == 1 else f"Each of {listed(names)} is"


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count:,} values"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
