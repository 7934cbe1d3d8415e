"""What a file of runs takes of the disk, and giving back what it does not need any more.

What is deleted leaves free pages, which later runs fill; the file itself grows no smaller by it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection

from gradviz.store.database import told
from gradviz.store.store import Store

PAGES = 500
"""Freed in one transaction: some 20 ms, in which another process has to wait to write."""

REST_S = 0.01
"""Between two of them, in which the others write."""

INCREMENTAL = 2
"""PRAGMA auto_vacuum: pages are freed when asked for. A file of an older gradviz has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """Bytes that a file of runs takes."""

    size: int
    """Of the file and of SQLite's log beside it."""
    free: int
    """Of the file, those that hold nothing."""


def room_of(store: Store) -> Room:
    """What the file takes now.

    Raises:
        StoreError: where the file cannot be read.
    """
    with store.reading() as connection:
        free = _pragma(connection, "freelist_count") * _pragma(connection, "page_size")
    files = (store.path, Path(f"{store.path}-wal"))
    return Room(size=sum(each.stat().st_size for each in files if each.exists()), free=free)


def compact(store: Store) -> int:
    """Make the file as small as what it holds, while others read and write; bytes given back.

    A file that an older gradviz made is written anew as a whole, and others wait meanwhile.

    Raises:
        StoreError: where the file cannot be written.
    """
    before = room_of(store).size
    connection = store.connection
    with told(store.path, store.timeout_s):
        if _pragma(connection, "auto_vacuum") != INCREMENTAL:
            connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
            connection.execute("VACUUM")
        # What others free meanwhile waits for the next time.
        for _ in range(_pragma(connection, "freelist_count") // PAGES + 1):
            # A script, for `execute` would take one step of it, and that frees one page.
            connection.executescript(f"PRAGMA incremental_vacuum({PAGES})")
            time.sleep(REST_S)
        # The file is cut where its log is written back; while others read it is done by the last.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return max(before - room_of(store).size, 0)


def in_bytes(count: int) -> str:
    """12.3 MB; kB below 1 MB."""
    for unit, size in (("GB", 10**9), ("MB", 10**6)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count / 1000:.0f} kB"


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
