"""The file of runs: one SQLite database, its schema, and a sentence for all that can be wrong.

SQLite in WAL mode, so that many processes read while others write, each a short transaction
at a time. With `synchronous=NORMAL` what was committed outlives a process that is killed; a
loss of power may take the last commits, and never the file.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

APPLICATION_ID = int.from_bytes(b"grvz")
"""Marks the file as gradviz's in SQLite's own header."""

SMALLEST = 512
"""Bytes of a database of one page, the smallest that SQLite makes."""

MIGRATIONS = (
    """
    CREATE TABLE run (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        started REAL NOT NULL,
        ended REAL,
        config TEXT NOT NULL,
        floor REAL,
        failure TEXT
    );
    CREATE TABLE scalars (
        run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
        step INTEGER NOT NULL,
        loss REAL,
        accuracy REAL,
        grad_norm_pre REAL,
        grad_norm_post REAL,
        clipped REAL,
        learning_rate REAL,
        clip_threshold REAL,
        PRIMARY KEY (run, step)
    ) WITHOUT ROWID;
    CREATE TABLE measured (
        run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
        step INTEGER NOT NULL,
        layer TEXT NOT NULL,
        name TEXT NOT NULL,
        shape TEXT,
        value
    );
    CREATE INDEX measured_at ON measured (run, step);
    """,
    "ALTER TABLE scalars ADD COLUMN clip_angle REAL",
    """
    ALTER TABLE run ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE run ADD COLUMN versions TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE run ADD COLUMN deleted REAL
    """,
)
"""Each brings the schema from its place in the list to the next; released ones never change.

nan is NULL in `scalars` and `measured`. `measured.value` is a float32 little-endian array of
`shape`, or where `shape` is NULL a number. `run.tags` is a JSON list, `run.versions` a JSON object;
`run.deleted` says when a run was deleted that can still be taken back."""

SCHEMA = len(MIGRATIONS)


class StoreError(RuntimeError):
    """A file of runs that cannot be opened, read or written, in one sentence."""


def connect(path: Path, *, read_only: bool, timeout_s: float) -> sqlite3.Connection:
    """Open the file, make it where it is missing, and bring its schema up to date.

    Args:
        path: of the file.
        read_only: neither make nor change anything.
        timeout_s: how long to wait for another process that holds the file.

    Raises:
        StoreError: where that cannot be.
    """
    _look(path, read_only=read_only)
    with told(path, timeout_s):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}",
            uri=True,
            timeout=timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            # A file that came from elsewhere may hold views and triggers of its own.
            connection.execute("PRAGMA trusted_schema = OFF")
            version = _version(connection, path)
            if not read_only:
                if not version:  # It can be chosen for a file without tables only.
                    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                _use_wal(connection, timeout_s)
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA foreign_keys = ON")
                _migrate(connection, path)
            elif version < SCHEMA:
                raise StoreError(
                    f"{path} holds no runs yet, or those of an older gradviz; "
                    "open it for writing once, which brings it up to date."
                )
        except BaseException:
            connection.close()
            raise
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """All of it or nothing; "DEFERRED" for reading, of one moment."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def told(path: Path, timeout_s: float) -> Iterator[None]:
    """SQLite's errors as StoreErrors."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(_sentence(error, path, timeout_s)) from error


def _look(path: Path, *, read_only: bool) -> None:
    """What SQLite would call “unable to open database file”, by its cause."""
    if not path.parent.is_dir():
        raise StoreError(
            f"The folder of {path} must exist; make {path.parent.absolute()} or choose another."
        )
    if path.is_dir():
        raise StoreError(f"{path} must be a file, got a folder; name a file in it.")
    if read_only and not path.is_file():
        raise StoreError(f"There is no file {path}; check its name.")
    for place in () if read_only else (path, path.parent):
        # SQLite writes files of its own beside the database.
        if place.exists() and not os.access(place, os.W_OK, effective_ids=_EFFECTIVE):
            raise StoreError(f"{place} must be writable, got one that is not; choose another.")
    # SQLite would take so few bytes, whatever they are, for an empty database. To look into
    # the file is no way: closing it drops the locks of all this process's connections to it.
    if path.is_file() and 0 < path.stat().st_size < SMALLEST:
        raise StoreError(
            f"{path} must be a file of gradviz's runs, got one that is no database; "
            "choose another file."
        )


_EFFECTIVE = os.access in os.supports_effective_ids


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Of the schema; 0 for an empty file.

    Raises:
        StoreError: for another program's file and for a newer gradviz's.
    """
    # Through all of the schema, which reads as far as a damaged file lets it.
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if owner != APPLICATION_ID and (owner or tables or version):
        raise StoreError(
            f"{path} must be a file of gradviz's runs, got another program's database; "
            "choose another file."
        )
    if version > SCHEMA:
        raise StoreError(
            f"{path} must be of schema {SCHEMA} or older, got {version}, of a newer gradviz; "
            "update gradviz or choose another file."
        )
    return version


def _use_wal(connection: sqlite3.Connection, timeout_s: float) -> None:
    ends = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # Here SQLite does not wait by itself for a process that makes the same change.
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                raise
            time.sleep(0.02)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == SCHEMA:
        return
    with transaction(connection):
        # Another process may have been first.
        for number in range(_version(connection, path), SCHEMA):
            for statement in MIGRATIONS[number].split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA}")


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for errors of Python's module."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _sentence(error: sqlite3.Error, path: Path, timeout_s: float) -> str:
    code = _code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return (
            f"{path} must be free within {timeout_s:g} s, got it locked by another program; "
            "close that one or choose another file."
        )
    if code == sqlite3.SQLITE_FULL:
        return f"The disk of {path} is full; free some space or choose a file on another."
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return f"{path} must be a file of gradviz's runs, got {error}; choose another file."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return f"{path} and its folder must be writable, got {error}; choose another folder."
    return f"{path} could not be read or written ({error}); choose another file."
