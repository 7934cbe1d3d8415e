"""A run's rows in the file: SQL that writes, copies, reads and forgets them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from sqlite3 import Connection
from typing import Any

from gradviz.history import SCALARS, Frame
from gradviz.store.arrays import Row, rows_of

_COLUMNS = ", ".join(SCALARS)
INSERT_SCALARS = f"INSERT INTO scalars (run, {_COLUMNS}) VALUES (?{', ?' * len(SCALARS)})"  # noqa: S608
INSERT_MEASURED = "INSERT INTO measured VALUES (?, ?, ?, ?, ?, ?)"


def put_frames(connection: Connection, run_id: int, frames: Iterable[Frame]) -> None:
    """Write frames; one of a step that is there takes its place."""
    frames = list(frames)
    forget_frames(connection, run_id, [frame.step for frame in frames])
    rows = ((run_id, *row) for frame in frames for row in rows_of(frame))
    connection.executemany(INSERT_MEASURED, rows)


def forget_frames(connection: Connection, run_id: int, steps: Iterable[int]) -> None:
    """Leave out the frames of these steps."""
    connection.executemany(
        "DELETE FROM measured WHERE run = ? AND step = ?", [(run_id, step) for step in steps]
    )


def forget_after(connection: Connection, run_id: int, step: int) -> None:
    """Leave out all that is later than a step."""
    for table in ("scalars", "measured"):
        connection.execute(f"DELETE FROM {table} WHERE run = ? AND step > ?", (run_id, step))  # noqa: S608


def scalars_as_kept(connection: Connection, run_id: int) -> Iterator[tuple[Any, ...]]:
    """A run's rows of SCALARS, nan as NULL."""
    yield from connection.execute(
        f"SELECT {_COLUMNS} FROM scalars WHERE run = ? ORDER BY step",  # noqa: S608
        (run_id,),
    )


def scalars_of_run(connection: Connection, run_id: int) -> Iterator[tuple[float, ...]]:
    """A run's rows of SCALARS."""
    for row in scalars_as_kept(connection, run_id):
        yield tuple(math.nan if value is None else float(value) for value in row)


def rows_as_kept(connection: Connection, run_id: int) -> Iterator[Row]:
    """What was measured of a run, in the order of `arrays.rows_of`."""
    found = connection.execute(
        "SELECT step, layer, name, shape, value FROM measured WHERE run = ? ORDER BY step, rowid",
        (run_id,),
    )
    return map(Row._make, found)
