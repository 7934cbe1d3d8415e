"""Store: begin a run, append its steps, read it back as a History."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import Any, Self

import numpy as np

from gradviz.config import RecordedConfig, RunConfig
from gradviz.history import SCALARS, Failure, Frame, History, StepRecord, scalars_of
from gradviz.store.arrays import Row, frames_of, rows_of
from gradviz.store.configs import as_json, from_json, versions
from gradviz.store.database import StoreError, connect, told, transaction
from gradviz.store.run_info import RunInfo, infos

COMMIT_S = 0.25
"""Steps that follow one another more quickly are written together."""

TIMEOUT_S = 10.0
"""How long to wait for another process that writes to the same file."""


class Store:
    """A file of runs. Any number of processes may have it open.

    Attributes:
        path: of the file.
        is_open: until `close`.
        timeout_s: how long it waits for another process.
    """

    def __init__(
        self, path: str | Path, *, read_only: bool = False, timeout_s: float = TIMEOUT_S
    ) -> None:
        """Open a file of runs, or make one.

        Raises:
            StoreError: where it cannot be opened.
        """
        self.path = Path(path)
        self.is_open = True
        self.timeout_s = timeout_s
        self._connection = connect(self.path, read_only=read_only, timeout_s=timeout_s)
        self._scalars: list[tuple[Any, ...]] = []
        self._rows: list[tuple[Any, ...]] = []
        self._failures: list[tuple[str, int]] = []
        self._committed_at = time.monotonic()

    def begin(
        self,
        config: RunConfig | RecordedConfig,
        *,
        name: str = "",
        tags: Sequence[str] = (),
        floor: float | None = None,
    ) -> int:
        """Begin a run and give its id.

        Args:
            config: what is run.
            name: how it is called; empty for its date and time.
            tags: words to find it by.
            floor: loss of having learned nothing, where it is known.

        Raises:
            StoreError: where the file cannot be written, or the config not be kept as JSON.
        """
        now = time.time()
        name = name or time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        row = (name, json.dumps(tags), now, as_json(config), versions(), floor)
        with self.writing() as connection:
            run = connection.execute(
                "INSERT INTO run (name, tags, started, config, versions, floor)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
        assert run.lastrowid is not None
        return run.lastrowid

    def append(self, run_id: int, record: StepRecord) -> None:
        """Add one step; it is in the file within COMMIT_S, or with the next step after that.

        Raises:
            StoreError: where the file cannot be written.
        """
        step, *scalars = scalars_of(record)
        self._scalars.append((run_id, int(step), *scalars))
        if record.is_measured:
            self._rows += [(run_id, *row) for row in rows_of(Frame.from_record(record))]
        if record.failure:
            self._failures.append((json.dumps(asdict(record.failure)), run_id))
        if time.monotonic() - self._committed_at >= COMMIT_S:
            self.commit()

    def commit(self) -> None:
        """Write what was appended; when this returns, it outlives the process.

        Raises:
            StoreError: where the file cannot be written; what was appended is lost then.
        """
        scalars, rows, failures = self._scalars, self._rows, self._failures
        self._scalars, self._rows, self._failures = [], [], []
        if not scalars:
            return
        with self.writing() as connection:
            connection.executemany(INSERT_SCALARS, scalars)
            connection.executemany(INSERT_MEASURED, rows)
            connection.executemany(
                "UPDATE run SET failure = ? WHERE id = ? AND failure IS NULL", failures
            )
        self._committed_at = time.monotonic()

    def write(
        self,
        run_id: int,
        rows: Iterable[tuple[float, ...]],
        frames: Iterable[Frame] = (),
        *,
        after: int | None = None,
        kept: Collection[int] | None = None,
        failure: Failure | None = None,
    ) -> None:
        """Write steps of a run, all or none; when this returns, they outlive the process.

        Args:
            run_id: of the run.
            rows: steps' scalars, each in the order of SCALARS.
            frames: of measured steps; one of a step that is there takes its place.
            after: forget first what is there of later steps than this.
            kept: the only steps whose frames stay, those given here among them; None: all.
            failure: why the run stopped.

        Raises:
            StoreError: where the file cannot be written.
        """
        frames = list(frames)
        told_failure = json.dumps(asdict(failure)) if failure else None
        with self.writing() as connection:
            if after is not None:
                for table in ("scalars", "measured"):
                    connection.execute(
                        f"DELETE FROM {table} WHERE run = ? AND step > ?",  # noqa: S608
                        (run_id, after),
                    )
            if kept is not None:
                connection.execute(
                    "DELETE FROM measured WHERE run = ?"
                    " AND step NOT IN (SELECT value FROM json_each(?))",
                    (run_id, json.dumps(sorted(kept))),
                )
            connection.executemany(
                "DELETE FROM measured WHERE run = ? AND step = ?",
                [(run_id, frame.step) for frame in frames],
            )
            connection.executemany(
                INSERT_SCALARS, [(run_id, int(step), *values) for step, *values in rows]
            )
            connection.executemany(
                INSERT_MEASURED, [(run_id, *row) for frame in frames for row in rows_of(frame)]
            )
            connection.execute("UPDATE run SET failure = ? WHERE id = ?", (told_failure, run_id))

    def end(self, run_id: int) -> None:
        """Write all of a run and note when it ended.

        Raises:
            StoreError: where the file cannot be written.
        """
        self.commit()
        with self.writing() as connection:
            connection.execute("UPDATE run SET ended = ? WHERE id = ?", (time.time(), run_id))

    def runs(self, *, deleted: bool = False) -> list[RunInfo]:
        """All of the file, oldest first; or those that were deleted.

        Raises:
            StoreError: where the file cannot be read.
        """
        with self.reading() as connection:
            try:
                return infos(connection, deleted=deleted)
            except (ValueError, TypeError, KeyError) as error:
                raise StoreError(f"The runs of {self.path} cannot be read: {error}") from error

    def state_of(self, run_id: int) -> tuple[float | None, ...]:
        """Changes whenever a run's content does: its last step, last measured row and its end.

        Raises:
            StoreError: where the file cannot be read.
        """
        with self.reading() as connection:
            found: tuple[float | None, ...] = connection.execute(
                "SELECT (SELECT max(step) FROM scalars WHERE run = :run),"
                " (SELECT max(step) FROM measured WHERE run = :run),"
                " (SELECT max(rowid) FROM measured WHERE run = :run), ended, started"
                " FROM (SELECT 1) LEFT JOIN run ON id = :run",
                {"run": run_id},
            ).fetchone()
        return found

    def load(self, run_id: int) -> History:
        """A run as far as it was committed, at one moment of it.

        Raises:
            StoreError: for a run that is not there or that is damaged.
        """
        with self.reading() as connection:
            found = connection.execute(
                "SELECT config, floor, failure FROM run WHERE id = ?", (run_id,)
            ).fetchone()
            if found is None:
                known = ", ".join(str(each[0]) for each in connection.execute("SELECT id FROM run"))
                raise StoreError(
                    f"run_id must be one of {known or 'none so far'} in {self.path}, got {run_id}."
                )
            try:
                history = History(from_json(found[0]), floor=found[1])
                history.failure = Failure(**json.loads(found[2])) if found[2] else None
                history.append_scalars(_scalars(connection, run_id))
                for frame in frames_of(rows_as_kept(connection, run_id)):
                    history.append_frame(frame)
            except (ValueError, TypeError, KeyError) as error:
                raise StoreError(f"Run {run_id} of {self.path} cannot be read: {error}") from error
        if isinstance(history.config, RecordedConfig):
            clipped = bool(history.column("clipped").any())
            history.config = replace(history.config, clip="own" if clipped else "none")
        return history

    def close(self) -> None:
        """Write what was appended and let go of the file.

        Raises:
            StoreError: where the file cannot be written.
        """
        if not self.is_open:
            return
        try:
            self.commit()
        finally:
            self.is_open = False
            with told(self.path, self.timeout_s):
                self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The file's connection, in a transaction that writes: all of it or nothing.

        Raises:
            StoreError: where that cannot be.
        """
        with told(self.path, self.timeout_s), transaction(self._connection):
            yield self._connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The file's connection, to read what was there at one moment.

        Raises:
            StoreError: where that cannot be.
        """
        with told(self.path, self.timeout_s), transaction(self._connection, "DEFERRED"):
            yield self._connection


_COLUMNS = ", ".join(SCALARS)
INSERT_SCALARS = f"INSERT INTO scalars (run, {_COLUMNS}) VALUES (?{', ?' * len(SCALARS)})"  # noqa: S608
INSERT_MEASURED = "INSERT INTO measured VALUES (?, ?, ?, ?, ?, ?)"


def scalars_as_kept(connection: Connection, run_id: int) -> Iterator[tuple[Any, ...]]:
    """A run's rows of SCALARS, nan as NULL."""
    yield from connection.execute(
        f"SELECT {_COLUMNS} FROM scalars WHERE run = ? ORDER BY step",  # noqa: S608
        (run_id,),
    )


def _scalars(connection: Connection, run_id: int) -> Iterator[tuple[float, ...]]:
    for row in scalars_as_kept(connection, run_id):
        yield tuple(np.nan if value is None else float(value) for value in row)


def rows_as_kept(connection: Connection, run_id: int) -> Iterator[Row]:
    """What was measured of a run, in the order of `arrays.rows_of`."""
    found = connection.execute(
        "SELECT step, layer, name, shape, value FROM measured WHERE run = ? ORDER BY step, rowid",
        (run_id,),
    )
    return map(Row._make, found)
