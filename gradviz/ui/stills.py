"""Saved runs on a stage: read from the file of runs, shown without anything that trains."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from gradviz.history import History
from gradviz.store import RunInfo, Store, StoreError, default_path
from gradviz.ui.lesson import Runs
from gradviz.ui.stage import Stage
from gradviz.ui.words import plain

WAIT_S = 2.0
"""For another process that holds the file: a page must not wait for ten."""

MOST_KEPT = 12
"""Saved runs in the server's memory, of some megabytes each."""


@contextmanager
def opened() -> Iterator[Store | None]:
    """The file of runs; None where there is none yet. Only to read where it cannot be written.

    Raises:
        StoreError: where it cannot be read either.
    """
    path = default_path()
    if not path.exists():
        yield None
        return
    try:
        store = Store(path, timeout_s=WAIT_S)
    except StoreError:
        store = Store(path, read_only=True, timeout_s=WAIT_S)
    with store:
        yield store


def stamp() -> tuple[float, ...]:
    """Of the file: another whenever somebody has written to it."""
    path = default_path()
    found: list[float] = []
    for each in (path, Path(f"{path}-wal")):
        with suppress(OSError):
            status = each.stat()
            # A log without a line is made and unmade by whoever reads.
            found += [status.st_size, status.st_mtime_ns] if status.st_size else []
    return tuple(found)


def infos() -> list[RunInfo]:
    """All saved runs, the newest first.

    Raises:
        StoreError: where the file cannot be read.
    """
    with opened() as store:
        return store.runs()[::-1] if store else []


def runs_of(stage: Stage) -> Runs:
    """The saved runs that a stage shows, by label; none, with a sentence, where one is gone."""
    try:
        return {label: [_history(run)] for label, run in stage.stored.items()}
    except StoreError as error:
        stage.stored, stage.notice = {}, plain(str(error))
        return {}


def _history(run_id: int) -> History:
    """As far as it is in the file now: another process may still be writing it."""
    with opened() as store:
        if store is None:
            raise StoreError(f"There is no file {default_path()} any more.")
        return _kept(default_path(), run_id).brought_up_to_date(store)


@dataclass
class _Kept:
    """A run in memory, read anew when it has gone on."""

    run_id: int
    state: tuple[float | None, ...] | None = None
    history: History | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def brought_up_to_date(self, store: Store) -> History:
        """A History that nobody changes any more: one that has gone on is another."""
        with self.lock:
            state = store.state_of(self.run_id)
            if self.history is None or state != self.state:
                self.history, self.state = store.load(self.run_id), state
            return self.history


@st.cache_resource(show_spinner=False, max_entries=MOST_KEPT)
def _kept(path: Path, run_id: int) -> _Kept:
    """One a run, for all sessions, which only look at it."""
    return _Kept(run_id)
