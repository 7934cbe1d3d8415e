"""Runs recorded once and shipped: a page shows its picture at once, then trains for real.

Reading needs neither torch nor a training; `python -m gradviz.recorded` makes the files anew.
"""

from __future__ import annotations

from pathlib import Path

from gradviz.history import History
from gradviz.recorded.files import Recording, read, write
from gradviz.recorded.header import RecordedError
from gradviz.recorded.record import record, recording
from gradviz.scenarios import SCENARIOS

__all__ = [
    "FOLDER",
    "RecordedError",
    "Recording",
    "load",
    "path_of",
    "read",
    "record",
    "recording",
    "write",
]

FOLDER = Path(__file__).parents[1] / "data" / "recorded"


def path_of(name: str) -> Path:
    """Where a scenario's recording lies."""
    return FOLDER / f"{name}.zip"


def load(name: str) -> dict[str, History] | None:
    """The recorded runs of a scenario by their labels; None where there is no recording.

    It takes some milliseconds; a page keeps what it got.

    Raises:
        RecordedError: for a damaged file.
    """
    path = path_of(name)
    return read(path).runs if name in SCENARIOS and path.is_file() else None
