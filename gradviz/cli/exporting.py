"""A saved run as files that other programs read: CSV of its scalars, NPZ with JSON beside it."""

from __future__ import annotations

import csv
from pathlib import Path

from gradviz.history import SCALARS, History


def write_csv(path: Path, history: History) -> None:
    """A row a step, columns as SCALARS; numbers in full, nan and inf by name.

    Raises:
        OSError: where the file cannot be written.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(SCALARS)
        columns = [history.column(name).tolist() for name in SCALARS]
        for step, *others in zip(*columns, strict=True):
            rows.writerow([int(step), *others])


def write_npz(path: Path, history: History) -> Path:
    """What a page's Export makes: arrays into `path`; JSON beside it, into the path that is given.

    Raises:
        OSError: where a file cannot be written.
    """
    # Plotly comes with it, which --help need not wait for.
    from gradviz.exports import as_npz, run_json

    path.write_bytes(as_npz(history))
    beside = path.with_suffix(".json")
    beside.write_bytes(run_json(history))
    return beside
