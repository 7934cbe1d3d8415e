"""What a run may take of the file: as much as a History holds, however long it trains.

Scalars of every step up to MAX_SCALARS, then of every second, fourth, …; measured steps up to
FRAME_BYTES of arrays, then evenly fewer. The first and the newest are always there.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from sqlite3 import Connection

from gradviz.history import FRAME_BYTES, MAX_SCALARS, Frame
from gradviz.history.thinning import spread_out
from gradviz.store.rows import INSERT_SCALARS, forget_frames, put_frames


class ScalarsOfRun:
    """The scalars of one run on their way into the file."""

    def __init__(self, run_id: int) -> None:
        self._run_id = run_id
        self._count: int | None = None
        self._stride = 1

    def put(self, connection: Connection, rows: Iterable[tuple[float, ...]]) -> None:
        """Write steps' scalars, each in the order of SCALARS, as far as they are kept."""
        given = [(int(step), *values) for step, *values in rows]
        if not given:
            return
        if self._count is None:
            self._count = self._counted(connection)
        kept = [row for row in given if (row[0] - 1) % self._stride == 0 or row is given[-1]]
        connection.executemany(INSERT_SCALARS, [(self._run_id, *row) for row in kept])
        self._count += len(kept)
        if self._count > MAX_SCALARS:
            self._thin(connection, int(given[-1][0]))

    def recount(self) -> None:
        """Something else has changed what is in the file."""
        self._count, self._stride = None, 1

    def _thin(self, connection: Connection, newest: int) -> None:
        while newest > self._stride * MAX_SCALARS // 2:
            self._stride *= 2
        connection.execute(
            "DELETE FROM scalars WHERE run = ? AND (step - 1) % ? AND step < ?",
            (self._run_id, self._stride, newest),
        )
        self._count = self._counted(connection)

    def _counted(self, connection: Connection) -> int:
        asked = "SELECT count(*) FROM scalars WHERE run = ?"
        return int(connection.execute(asked, (self._run_id,)).fetchone()[0])


class FramesOfRun:
    """The frames of one run on their way into the file, whose reader holds none of them."""

    def __init__(self, run_id: int) -> None:
        self._run_id = run_id
        self._new: dict[int, Frame] = {}
        self._kept: dict[int, int] = {}
        """Step to bytes, of the file and of those to be written."""
        self._bytes = 0
        self._gone: set[int] = set()
        self._spacing = 0

    def add(self, frame: Frame) -> None:
        """Keep a frame for `put`; one closer to its neighbour than the spacing gives way."""
        newest = list(islice(reversed(self._kept), 2))
        if len(newest) == 2 and newest[0] - newest[1] < self._spacing:
            self._leave_out(newest[:1])
        self._new[frame.step] = frame
        self._kept[frame.step] = frame.nbytes
        self._bytes += frame.nbytes
        if self._bytes > FRAME_BYTES and len(self._kept) > 2:
            self._thin()

    def put(self, connection: Connection) -> None:
        """Write what is new and leave out what gave way to it."""
        forget_frames(connection, self._run_id, self._gone)
        put_frames(connection, self._run_id, self._new.values())
        self._gone, self._new = set(), {}

    def _thin(self) -> None:
        kept, self._spacing = spread_out(list(self._kept), self._spacing)
        self._leave_out(self._kept.keys() - set(kept))

    def _leave_out(self, steps: Iterable[int]) -> None:
        for step in steps:
            self._bytes -= self._kept.pop(step)
            if self._new.pop(step, None) is None:
                self._gone.add(step)
