"""A run of the file as a History."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from sqlite3 import Connection

from gradviz.config import RecordedConfig
from gradviz.history import Failure, History
from gradviz.store.arrays import frames_of
from gradviz.store.configs import from_json
from gradviz.store.database import StoreError
from gradviz.store.rows import rows_as_kept, scalars_of_run


def loaded(connection: Connection, path: Path, run_id: int) -> History:
    """A run as far as it was committed.

    Raises:
        StoreError: for a run that is not there or that is damaged.
    """
    found = connection.execute(
        "SELECT config, floor, failure FROM run WHERE id = ?", (run_id,)
    ).fetchone()
    if found is None:
        known = ", ".join(str(each[0]) for each in connection.execute("SELECT id FROM run"))
        raise StoreError(f"run_id must be one of {known or 'none so far'} in {path}, got {run_id}.")
    try:
        history = _history(connection, run_id, *found)
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"Run {run_id} of {path} cannot be read: {error}") from error
    if isinstance(history.config, RecordedConfig):
        clipped = bool(history.column("clipped").any())
        history.config = replace(history.config, clip="own" if clipped else "none")
    return history


def _history(
    connection: Connection, run_id: int, config: str, floor: float | None, failure: str | None
) -> History:
    history = History(from_json(config), floor=None if floor is None else float(floor))
    history.failure = Failure(**json.loads(failure)) if failure else None
    history.append_scalars(scalars_of_run(connection, run_id))
    for frame in frames_of(rows_as_kept(connection, run_id)):
        history.append_frame(frame)
    return history
