"""Store: begin a run, append its steps, read it back as a History."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import Self

from gradviz.config import RecordedConfig, RunConfig
from gradviz.history import Failure, Frame, History, StepRecord, scalars_of
from gradviz.store.configs import as_json, versions
from gradviz.store.database import connect, told, transaction
from gradviz.store.loading import loaded
from gradviz.store.rows import forget_after, forget_frames, put_frames
from gradviz.store.run_info import RunInfo, infos
from gradviz.store.thinning import FramesOfRun, ScalarsOfRun

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
        connection: SQLite's, outside any transaction.
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
        self.connection = connect(self.path, read_only=read_only, timeout_s=timeout_s)
        self._scalars: dict[int, list[tuple[float, ...]]] = {}
        self._frames: dict[int, FramesOfRun] = {}
        self._thinned: dict[int, ScalarsOfRun] = {}
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

        A long run is thinned, as `thinning` says.

        Raises:
            StoreError: where the file cannot be written.
        """
        self._scalars.setdefault(run_id, []).append(scalars_of(record))
        if record.is_measured:
            frames = self._frames.setdefault(run_id, FramesOfRun(run_id))
            frames.add(Frame.from_record(record))
        if record.failure:
            self._failures.append((json.dumps(asdict(record.failure)), run_id))
        if time.monotonic() - self._committed_at >= COMMIT_S:
            self.commit()

    def commit(self) -> None:
        """Write what was appended; when this returns, it outlives the process.

        Raises:
            StoreError: where the file cannot be written; what was appended is lost then.
        """
        scalars, failures = self._scalars, self._failures
        self._scalars, self._failures = {}, []
        if not scalars:
            return
        with self.writing() as connection:
            for run_id, rows in scalars.items():
                self._thinned_of(run_id).put(connection, rows)
                if run_id in self._frames:
                    self._frames[run_id].put(connection)
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
        gone: Collection[int] = (),
        failure: Failure | None = None,
    ) -> None:
        """Write steps of a run, all or none; when this returns, they outlive the process.

        Args:
            run_id: of the run.
            rows: steps' scalars, each in the order of SCALARS.
            frames: of measured steps; one of a step that is there takes its place.
            after: forget first what is there of later steps than this.
            gone: steps whose frames are to be forgotten.
            failure: why the run stopped.

        Raises:
            StoreError: where the file cannot be written.
        """
        thinned = self._thinned_of(run_id)
        told_failure = json.dumps(asdict(failure)) if failure else None
        with self.writing() as connection:
            if after is not None:
                forget_after(connection, run_id, after)
                thinned.recount()
            forget_frames(connection, run_id, gone)
            thinned.put(connection, rows)
            put_frames(connection, run_id, frames)
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

        Of one that is damaged `RunInfo.problem` says so.

        Raises:
            StoreError: where the file cannot be read.
        """
        with self.reading() as connection:
            return infos(connection, deleted=deleted)

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
            return loaded(connection, self.path, run_id)

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
                self.connection.close()

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
        with told(self.path, self.timeout_s), transaction(self.connection):
            yield self.connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The file's connection, to read what was there at one moment.

        Raises:
            StoreError: where that cannot be.
        """
        with told(self.path, self.timeout_s), transaction(self.connection, "DEFERRED"):
            yield self.connection

    def _thinned_of(self, run_id: int) -> ScalarsOfRun:
        return self._thinned.setdefault(run_id, ScalarsOfRun(run_id))
