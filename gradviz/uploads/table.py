"""A user's CSV: what a page shows to choose from, and the series that comes of the choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from gradviz.config.shown import shown
from gradviz.uploads.column import Cells, Column
from gradviz.uploads.decode import decode
from gradviz.uploads.errors import UploadError
from gradviz.uploads.grid import read_grid
from gradviz.uploads.names import file_name, listed
from gradviz.uploads.series import LEAST_ROWS, Missing, Series, remarks, without_gaps

MOST_TROUBLES = 3
"""Told of at once; each column tells its own when it is chosen."""
PREVIEW_ROWS = 5
LONGEST_CELL = 40
"""Of a preview, in characters."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Table:
    """A file's columns."""

    name: str
    """The file's."""
    columns: tuple[Column, ...]
    """All of them, in the file's order; names are unique."""
    rows: int
    preview: tuple[tuple[str, ...], ...]
    """The first rows as written, every column, cells shortened."""
    notes: tuple[str, ...]
    """A sentence for each thing that was guessed, changed or left out."""

    @property
    def numeric(self) -> tuple[str, ...]:
        """Names of the columns that a series can be made of."""
        return tuple(
            each.name for each in self.columns if each.kind == "number" and each.trouble is None
        )

    def series(self, columns: Sequence[str], missing: Missing = "interpolate") -> Series:
        """The chosen columns without gaps, in the order chosen.

        Args:
            columns: names.
            missing: what becomes of missing values; a note says how many there were.

        Raises:
            UploadError: for a column that is unknown, chosen twice or not of numbers, and where
                too few rows are left.
        """
        chosen = self._chosen(columns)
        names = tuple(each.name for each in chosen)
        values_TC, notes = without_gaps(
            names, np.column_stack([each.values for each in chosen]), missing
        )
        rows = f"{len(values_TC):,} rows"
        return Series(
            name=self.name,
            columns=names,
            values=values_TC,
            source=f"{self.name}: {rows}, {_count(len(names), len(self.columns))}.",
            notes=(*notes, *remarks(names, values_TC)),
        )

    def _chosen(self, names: Sequence[str]) -> list[Column]:
        if not names:
            raise UploadError("columns must name at least one of numbers, got none; choose one.")
        if len(set(names)) < len(names):
            raise UploadError("columns must be named once each, got one again; choose others.")
        by_name = {each.name: each for each in self.columns}
        for name in names:
            if name not in by_name:
                raise UploadError(
                    f"columns must be of {listed(self.numeric)}, got {shown(name)}; choose these."
                )
            found = by_name[name]
            if found.kind != "number":
                raise UploadError(
                    f"Column “{name}” must hold numbers, got {_HOLDS[found.kind]}; choose among "
                    f"{listed(self.numeric)}."
                )
            if found.trouble is not None:
                raise UploadError(found.trouble)
        return [by_name[name] for name in names]


_HOLDS = {"text": "text", "date": "dates", "empty": "no values at all"}


def read_series(name: str, data: bytes) -> Table:
    """A table of comma-, semicolon-, tab- or bar-separated values.

    Args:
        name: the file's.
        data: its bytes.

    Raises:
        UploadError: one sentence on the first thing for which no column of it can be used.
    """
    name = file_name(name)
    decoded = decode(name, data, "CSV")
    grid = read_grid(name, decoded.text)
    cells = [Cells(name=each, file=name, numbers=grid.numbers) for each in grid.names]
    preview: list[tuple[str, ...]] = []
    rows = blank = waiting = 0
    for line, row in grid.rows:
        if not row:
            waiting += 1
            continue
        # Blank lines at the end are no news.
        blank, waiting, rows = blank + waiting, 0, rows + 1
        for column, cell in zip(cells, row, strict=True):
            column.add(cell, line)
        if rows <= PREVIEW_ROWS:
            preview.append(tuple(cell.strip()[:LONGEST_CELL] for cell in row))
    _enough_rows(name, rows)
    columns = tuple(each.column() for each in cells)
    _some_numbers(name, columns, cells)
    return Table(
        name=name,
        columns=columns,
        rows=rows,
        preview=tuple(preview),
        notes=(*decoded.notes, *grid.notes, *_notes(name, columns, blank)),
    )


def _enough_rows(name: str, rows: int) -> None:
    if not rows:
        raise UploadError(
            f"{name} must have rows below its header, got only one line; add one a timestep."
        )
    if rows < LEAST_ROWS:
        raise UploadError(
            f"{name} must have at least {LEAST_ROWS} rows, one a timestep, got {rows}; "
            "choose a longer series."
        )


def _some_numbers(name: str, columns: Sequence[Column], cells: Sequence[Cells]) -> None:
    """Raises unless one column can be used."""
    if any(each.kind == "number" and each.trouble is None for each in columns):
        return
    for each in columns:
        if each.trouble is not None:
            raise UploadError(each.trouble)
    first = next((each.first for each in cells if each.first), None)
    got = f"{shown(first[1])} on line {first[0]:,}" if first else "no values at all"
    raise UploadError(
        f"{name} must have a column of numbers, got {got}; separate cells by commas, semicolons "
        "or tabs."
    )


def _notes(name: str, columns: Sequence[Column], blank: int) -> Iterator[str]:
    if blank:
        lines = "A blank line" if blank == 1 else f"{blank:,} blank lines"
        yield f"{lines} of {name} {'was' if blank == 1 else 'were'} left out."
    for kind, holds in _HOLDS.items():
        names = [each.name for each in columns if each.kind == kind]
        if len(names) == 1:
            yield f"Column {listed(names)} holds {holds} and was left out."
        elif names:
            yield f"Columns {listed(names)} hold {holds} and were left out."
    troubles = (each.trouble for each in columns if each.trouble is not None)
    yield from islice(troubles, MOST_TROUBLES)
    gaps = [each for each in columns if each.kind == "number" and each.missing]
    if gaps:
        count = sum(each.missing for each in gaps)
        yield f"Missing values in {listed([each.name for each in gaps])}: {count:,} in all."


def _count(chosen: int, all_of_them: int) -> str:
    return f"{chosen:,} of {all_of_them:,} columns" if all_of_them > 1 else "1 column"
