"""Runs from one file into another: a file to give away, and one that was given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gradviz.store.database import StoreError
from gradviz.store.rows import INSERT_MEASURED, INSERT_SCALARS, rows_as_kept, scalars_as_kept
from gradviz.store.store import Store

_OF_RUN = "name, started, ended, config, floor, failure, tags, versions"


def export(store: Store, run_ids: Sequence[int], path: str | Path) -> None:
    """Copy runs into another file of runs, which is made where it is missing.

    Raises:
        StoreError: for a run that is not there, and where a file cannot be read or written.
    """
    with Store(path, timeout_s=store.timeout_s) as target:
        _copy(store, target, run_ids)


def take(store: Store, path: str | Path) -> list[int]:
    """Copy all runs of another file into this one, all or none; their ids here.

    The other file is brought up to date where it is of an older gradviz.

    Raises:
        StoreError: for a file that cannot be read, and where this one cannot be written.
    """
    with Store(path, timeout_s=store.timeout_s) as source:
        runs = [run.run_id for run in source.runs()]
        if not runs:
            raise StoreError(f"{path} must hold a run, got none; choose another file.")
        for run in runs:
            source.load(run)  # What is damaged is not taken.
        return _copy(source, store, runs)


def _copy(source: Store, target: Store, run_ids: Sequence[int]) -> list[int]:
    """Runs with all that is known of them; their ids in the target."""
    new = []
    with source.reading() as old, target.writing() as connection:
        for run_id in run_ids:
            run = old.execute(f"SELECT {_OF_RUN} FROM run WHERE id = ?", (run_id,)).fetchone()  # noqa: S608
            if run is None:
                raise StoreError(f"There is no run {run_id} in {source.path}; it may be deleted.")
            places = ", ".join("?" * len(run))
            made = connection.execute(f"INSERT INTO run ({_OF_RUN}) VALUES ({places})", run)  # noqa: S608
            assert made.lastrowid is not None
            new.append(made.lastrowid)
            rows = ((new[-1], *each) for each in scalars_as_kept(old, run_id))
            connection.executemany(INSERT_SCALARS, rows)
            measured = ((new[-1], *each) for each in rows_as_kept(old, run_id))
            connection.executemany(INSERT_MEASURED, measured)
    return new
