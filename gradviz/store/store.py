"""Store: begin a run, append its steps, read it back as a History."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import Any, Self

import numpy as np

from gradviz.config import RecordedConfig, RunConfig
from gradviz.history import SCALARS, Failure, Frame, History, StepRecord, scalars_of
from gradviz.store.arrays import Row, frames_of, rows_of
from gradviz.store.database import StoreError, connect, told, transaction

COMMIT_S = 0.25
"""Steps that follow one another more quickly are written together."""

TIMEOUT_S = 10.0
"""How long to wait for another process that writes to the same file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunInfo:
    """One run of a file, in short."""

    run_id: int
    name: str
    started: float
    """Seconds since 1970."""
    ended: float | None
    """None while it goes on, and for one that was killed."""
    steps: int


class Store:
    """A file of runs. Any number of processes may have it open.

    Attributes:
        path: of the file.
        is_open: until `close`.
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
        self._timeout_s = timeout_s
        self._connection = connect(self.path, read_only=read_only, timeout_s=timeout_s)
        self._scalars: list[tuple[Any, ...]] = []
        self._rows: list[tuple[Any, ...]] = []
        self._failures: list[tuple[str, int]] = []
        self._committed_at = time.monotonic()

    def begin(
        self, config: RunConfig | RecordedConfig, *, name: str = "", floor: float | None = None
    ) -> int:
        """Begin a run and give its id.

        Args:
            config: what is run.
            name: how it is called; empty for its date and time.
            floor: loss of having learned nothing, where it is known.

        Raises:
            StoreError: where the file cannot be written, or the config not be kept as JSON.
        """
        now = time.time()
        name = name or time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        row = (name, now, _as_json(config), floor)
        with self._writing() as connection:
            run = connection.execute(
                "INSERT INTO run (name, started, config, floor) VALUES (?, ?, ?, ?)", row
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
        with self._writing() as connection:
            connection.executemany(_INSERT_SCALARS, scalars)
            connection.executemany("INSERT INTO measured VALUES (?, ?, ?, ?, ?, ?)", rows)
            connection.executemany(
                "UPDATE run SET failure = ? WHERE id = ? AND failure IS NULL", failures
            )
        self._committed_at = time.monotonic()

    def end(self, run_id: int) -> None:
        """Write all of a run and note when it ended.

        Raises:
            StoreError: where the file cannot be written.
        """
        self.commit()
        with self._writing() as connection:
            connection.execute("UPDATE run SET ended = ? WHERE id = ?", (time.time(), run_id))

    def runs(self) -> list[RunInfo]:
        """All of the file, oldest first.

        Raises:
            StoreError: where the file cannot be read.
        """
        with self._reading() as connection:
            found = connection.execute(
                "SELECT id, name, started, ended,"
                " (SELECT coalesce(max(step), 0) FROM scalars WHERE run = id) FROM run ORDER BY id"
            ).fetchall()
        return [
            RunInfo(run_id=each[0], name=each[1], started=each[2], ended=each[3], steps=each[4])
            for each in found
        ]

    def load(self, run_id: int) -> History:
        """A run as far as it was committed, at one moment of it.

        Raises:
            StoreError: for a run that is not there or that is damaged.
        """
        with self._reading() as connection:
            found = connection.execute(
                "SELECT config, floor, failure FROM run WHERE id = ?", (run_id,)
            ).fetchone()
            if found is None:
                known = ", ".join(str(each[0]) for each in connection.execute("SELECT id FROM run"))
                raise StoreError(
                    f"run_id must be one of {known or 'none so far'} in {self.path}, got {run_id}."
                )
            try:
                history = History(_from_json(found[0]), floor=found[1])
                history.failure = Failure(**json.loads(found[2])) if found[2] else None
                history.append_scalars(_scalars(connection, run_id))
                for frame in frames_of(_rows(connection, run_id)):
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
            with told(self.path, self._timeout_s):
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
    def _writing(self) -> Iterator[Connection]:
        with told(self.path, self._timeout_s), transaction(self._connection):
            yield self._connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with told(self.path, self._timeout_s), transaction(self._connection, "DEFERRED"):
            yield self._connection


_COLUMNS = ", ".join(SCALARS)
_INSERT_SCALARS = f"INSERT INTO scalars (run, {_COLUMNS}) VALUES (?{', ?' * len(SCALARS)})"  # noqa: S608


def _scalars(connection: Connection, run_id: int) -> Iterator[tuple[float, ...]]:
    for row in connection.execute(
        f"SELECT {_COLUMNS} FROM scalars WHERE run = ? ORDER BY step",  # noqa: S608
        (run_id,),
    ):
        yield tuple(np.nan if value is None else float(value) for value in row)


def _rows(connection: Connection, run_id: int) -> Iterator[Row]:
    found = connection.execute(
        "SELECT step, layer, name, shape, value FROM measured WHERE run = ? ORDER BY step, rowid",
        (run_id,),
    )
    return map(Row._make, found)


def _as_json(config: RunConfig | RecordedConfig) -> str:
    if isinstance(config, RunConfig):
        return json.dumps({"RunConfig": config.to_dict()})
    try:
        return json.dumps({"RecordedConfig": asdict(config)}, default=str)
    except (TypeError, ValueError) as error:
        raise StoreError(f"config must hold plain values by name, but {error}.") from error


def _from_json(text: str) -> RunConfig | RecordedConfig:
    """A ConfigError is a ValueError: settings that this gradviz does not know."""
    kinds = json.loads(text)
    if "RunConfig" in kinds:
        return RunConfig.from_dict(kinds["RunConfig"])
    return RecordedConfig(**kinds["RecordedConfig"])
