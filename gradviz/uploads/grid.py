"""Text → a grid of cells: which separator, which header, which line each row stands on.

Not pandas: it fills short rows up, renames columns and takes words for missing values without
a word, and takes 0.4 s to import in every worker.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from gradviz.uploads.errors import UploadError
from gradviz.uploads.names import column_names
from gradviz.uploads.numbers import Numbers, is_date

MOST_COLUMNS = 1000
MOST_CELLS = 2_000_000
"""The server reads a million in 0.9 s; 5 MB of empty cells would be 5 million."""

SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "vertical bars", ",": "commas"}
"""In the order of trust: a comma may be a decimal one, a tab is hardly anything else."""

_SAMPLE_LINES = 50
_AGREEING = 0.9
"""Share of the sample's lines that have equally many cells, where a separator is the right one."""

Row = tuple[int, list[str]]
"""The line that a row begins on, from 1, and its cells."""


@dataclass(slots=True)
class Grid:
    """A table's cells, read once from top to bottom."""

    names: tuple[str, ...]
    rows: Iterator[Row]
    """Below the header, each as wide as `names` or empty; raises UploadError where one is not."""
    numbers: Numbers
    notes: tuple[str, ...]


def read_grid(name: str, text: str) -> Grid:
    """Look at the first lines, and be ready to read the others.

    Raises:
        UploadError: for too many columns or cells, before they are parsed.
    """
    skipped, first = _first_line(name, text)
    _look(name, first)
    separator = _separator(text, skipped)
    _not_too_many(name, text.count(separator) + text.count("\n"))
    rows = _rows(name, text, separator, skipped)
    top = next(rows)
    numbers = Numbers.of(text, separator)
    with_header = not all(numbers.is_value(cell) or is_date(cell) for cell in top[1])
    names, notes = column_names(top[1] if with_header else [""] * len(top[1]))
    if not with_header:
        notes = (f"{name} has no header line, so its columns are numbered.",)
    return Grid(
        names=names,
        rows=_equally_wide(name, len(names), rows if with_header else _before(top, rows)),
        numbers=numbers,
        notes=(*_notes(name, separator, skipped, numbers), *notes),
    )


def _first_line(name: str, text: str) -> tuple[int, str]:
    """How many lines of comments and empty ones come first, and the line behind them."""
    start = 0
    for skipped in range(text.count("\n") + 1):
        end = text.find("\n", start)
        line = text[start:] if end < 0 else text[start:end]
        if line.strip() and not line.startswith("#"):
            return skipped, line
        start = end + 1
    raise UploadError(f"{name} must be CSV, got only lines beginning with #; choose another.")


def _look(name: str, first: str) -> None:
    columns = 1 + max(first.count(separator) for separator in SEPARATORS)
    if columns > MOST_COLUMNS:
        raise UploadError(
            f"{name} must have at most {MOST_COLUMNS:,} columns, got {columns:,} on its first "
            "line; upload fewer, with one timestep on a line."
        )


def _not_too_many(name: str, cells: int) -> None:
    if cells > MOST_CELLS:
        raise UploadError(
            f"{name} must have at most {MOST_CELLS:,} cells, got {cells:,}; leave out columns or "
            "rows."
        )


def _separator(text: str, skipped: int) -> str:
    """The first of SEPARATORS on which the sample's lines agree."""
    sample = list(islice(io.StringIO(text), skipped, skipped + _SAMPLE_LINES))
    agreeing = {separator: _agreement(sample, separator) for separator in SEPARATORS}
    for separator, share in agreeing.items():
        if share >= _AGREEING:
            return separator
    best = max(agreeing, key=agreeing.__getitem__)
    return best if agreeing[best] else ","


def _agreement(sample: Sequence[str], separator: str) -> float:
    """Share of lines with the commonest number of cells; 0 where that is one."""
    try:
        widths = Counter(len(row) for row in csv.reader(sample, delimiter=separator) if row)
    except csv.Error:
        return 0.0
    width, count = widths.most_common(1)[0]
    return count / widths.total() if width > 1 else 0.0


def _rows(name: str, text: str, separator: str, skipped: int) -> Iterator[Row]:
    # In strict mode a quote that is never closed is an error, and not one long cell.
    reader = csv.reader(islice(io.StringIO(text), skipped, None), delimiter=separator, strict=True)
    while True:
        line = skipped + reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error:
            raise UploadError(
                f"Line {line:,} of {name} must be cells between {SEPARATORS[separator]}, got a "
                "quotation mark out of place or a cell that does not end; correct that line."
            ) from None
        if row is None:
            return
        yield line, row


def _before(top: Row, rows: Iterator[Row]) -> Iterator[Row]:
    yield top
    yield from rows


def _equally_wide(name: str, width: int, rows: Iterator[Row]) -> Iterator[Row]:
    for line, row in rows:
        if width > 1 and len(row) == 1 and not row[0].strip():
            yield line, []
        elif row and len(row) != width:
            raise UploadError(
                f"Line {line:,} of {name} must have {width:,} cells as the first has, "
                f"got {len(row):,}; correct that line."
            )
        else:
            yield line, row


def _notes(name: str, separator: str, skipped: int, numbers: Numbers) -> Iterator[str]:
    yield f"Cells of {name} are separated by {SEPARATORS[separator]}."
    if numbers.decimal == ",":
        yield f"A comma in a number of {name} was read as the decimal point: 1,5 is 1.5."
    if skipped:
        lines = "The first line" if skipped == 1 else f"The first {skipped:,} lines"
        yield f"{lines} of {name}, empty or beginning with #, were left out."
