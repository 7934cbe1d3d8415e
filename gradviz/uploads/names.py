"""A stranger's names inside our own sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST_FILE_NAME = 60
LONGEST_COLUMN_NAME = 80
MOST_LISTED = 5


def file_name(name: str) -> str:
    """Without folders and control characters, and short."""
    return _tidy(re.split(r"[/\\]", name)[-1], LONGEST_FILE_NAME) or "the file"


def column_names(cells: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that are neither empty nor twice there, and a note on each kind of change."""
    names: list[str] = []
    unnamed: list[str] = []
    again: list[str] = []
    taken: set[str] = set()
    for number, cell in enumerate(cells, 1):
        wanted = _tidy(cell, LONGEST_COLUMN_NAME)
        name = _free(wanted or f"column {number}", taken)
        if not wanted:
            unnamed.append(name)
        elif name != wanted:
            again.append(name)
        names.append(name)
        taken.add(name)
    notes = []
    if unnamed:
        notes.append(f"Columns without a name are called {listed(unnamed)}.")
    if again:
        notes.append(f"Names that came more than once became {listed(again)}.")
    return tuple(names), tuple(notes)


def listed(names: Sequence[str]) -> str:
    """“a”, “b” and “c”; of more than five the first ones."""
    shown = [f"“{name}”" for name in names[:MOST_LISTED]]
    if len(names) > MOST_LISTED:
        shown.append(f"{len(names) - MOST_LISTED:,} more")
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _free(wanted: str, taken: set[str]) -> str:
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted} ({count})"
    return name


def _tidy(text: str, longest: int) -> str:
    # Cut first: a name may be of megabytes.
    text = " ".join(text[: 4 * longest].split())
    text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
