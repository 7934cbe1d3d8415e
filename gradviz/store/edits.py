"""What a user does with the runs of a file: name, tag, delete, take back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

from gradviz.store.database import StoreError
from gradviz.store.store import Store

LONGEST_NAME = 200
"""Characters of a run's name."""

LONGEST_TAG = 40
"""Characters of a tag."""

MOST_TAGS = 20
"""Of one run."""

UNDO_S = 24 * 3600.0
"""How long a deleted run can be brought back where nobody asks for its room sooner."""


def rename(store: Store, run_id: int, name: str) -> None:
    """Call a run otherwise.

    Raises:
        StoreError: for an empty name, and where the file cannot be written.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise StoreError(
            f"name must have 1…{LONGEST_NAME} characters, got {len(name)}; choose another."
        )
    _set(store, run_id, "name", name)


def tag(store: Store, run_id: int, tags: Iterable[str]) -> None:
    """Give a run these tags in place of those it has; each once, without spaces around.

    Raises:
        StoreError: for a tag that is too long or too many, and where the file cannot be
            written.
    """
    words = list(dict.fromkeys(" ".join(tag.split()) for tag in tags if tag.strip()))
    if len(words) > MOST_TAGS or any(len(word) > LONGEST_TAG for word in words):
        raise StoreError(
            f"tags must be at most {MOST_TAGS} of at most {LONGEST_TAG} characters each, got "
            f"{len(words)}, the longest of {max(map(len, words))}; leave some out."
        )
    _set(store, run_id, "tags", json.dumps(words))


def delete(store: Store, run_ids: Iterable[int]) -> None:
    """Take runs from the list; `restore` brings them back until `purge`.

    Raises:
        StoreError: where the file cannot be written.
    """
    _mark(store, run_ids, time.time())


def restore(store: Store, run_ids: Iterable[int]) -> None:
    """Take a deletion back.

    Raises:
        StoreError: where the file cannot be written.
    """
    _mark(store, run_ids, None)


def purge(store: Store, older_than_s: float = 0.0) -> int:
    """Remove for good the runs that were deleted so long ago; their number.

    Raises:
        StoreError: where the file cannot be written.
    """
    before = time.time() - older_than_s
    with store.writing() as connection:
        return connection.execute("DELETE FROM run WHERE deleted <= ?", (before,)).rowcount


def _set(store: Store, run_id: int, column: str, value: str | float) -> None:
    with store.writing() as connection:
        changed = connection.execute(
            f"UPDATE run SET {column} = ? WHERE id = ?",  # noqa: S608
            (value, run_id),
        ).rowcount
    if not changed:
        raise StoreError(f"run_id must be of a run of {store.path}, got {run_id}; it is gone.")


def _mark(store: Store, run_ids: Iterable[int], deleted: float | None) -> None:
    with store.writing() as connection:
        connection.executemany(
            "UPDATE run SET deleted = ? WHERE id = ?", [(deleted, each) for each in run_ids]
        )
