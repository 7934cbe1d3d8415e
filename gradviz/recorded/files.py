"""A file of recorded runs: a zip of a JSON header and of arrays' bytes. Nothing is unpickled.

Not NumPy's own npz: np.load makes room for whatever shape a file declares before it reads, and
a damaged header of an array raises errors of Python's tokenizer.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from gradviz.history import SCALARS, History
from gradviz.recorded.frames import arrays_of, described, history_of
from gradviz.recorded.header import Header, RecordedError

MOST_BYTES = 5 * 2**20
"""Of a file."""

MOST_UNPACKED = 64 * 2**20
"""Of all that a file holds: a small zip may be of a huge array of zeros."""

MOST_MEMBERS = 2000

HEADER = "header.json"

_WRITTEN = (2000, 1, 1, 0, 0, 0)
"""The time of every member, so that the same runs make the same file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """The runs of a scenario, as they were once trained."""

    name: str
    """The scenario's."""
    made: str
    """The day, as 2026-11-21."""
    versions: Mapping[str, str]
    """Of "gradviz" and "torch"."""
    runs: dict[str, History]
    """Variant's label to its run."""


def write(path: Path, recording: Recording) -> None:
    """Make a file of a recording; its arrays are rounded as `codes` says.

    Raises:
        ValueError: where not every frame of a run holds the same quantities.
    """
    arrays = {label: arrays_of(history) for label, history in recording.runs.items()}
    header = Header(
        format=1,
        name=recording.name,
        made=recording.made,
        versions=dict(recording.versions),
        columns=list(SCALARS),
        runs=[
            described(label, history, arrays[label]) for label, history in recording.runs.items()
        ],
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(_member(HEADER), header.model_dump_json())
        for index, of_run in enumerate(arrays.values()):
            for name, array in of_run.items():
                file.writestr(_member(f"{index}/{name}"), array.tobytes())


def read(path: Path) -> Recording:
    """The recording in a file.

    Raises:
        RecordedError: for one that is damaged, too large, foreign or of another gradviz.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ValueError(f"it has {size:,} bytes, of at most {MOST_BYTES:,}")
        with zipfile.ZipFile(path) as file:
            return _recording(file)
    except ValidationError as error:
        place = ".".join(str(each) for each in error.errors()[0]["loc"])
        cause = f"its header is wrong at {place or 'the start'}"
        raise RecordedError(_sentence(path, cause)) from error
    except KeyError as error:
        raise RecordedError(_sentence(path, f"it lacks {error.args[0]}")) from error
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
        raise RecordedError(_sentence(path, "it is damaged or no recording")) from error
    # RuntimeError: a zip with a password.
    except (ValueError, TypeError, RuntimeError) as error:
        raise RecordedError(_sentence(path, str(error))) from error


def _sentence(path: Path, cause: str) -> str:
    return (
        f"{path.name} must be a recording made by this gradviz, but {cause}; "
        "make it anew: python -m gradviz.recorded."
    )


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _WRITTEN)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _recording(file: zipfile.ZipFile) -> Recording:
    members = file.infolist()
    if len(members) > MOST_MEMBERS or sum(each.file_size for each in members) > MOST_UNPACKED:
        raise ValueError(f"it unpacks to more than {MOST_UNPACKED:,} bytes")
    header = Header.model_validate_json(file.read(HEADER))
    runs = {}
    for index, run in enumerate(header.runs):
        arrays = {
            name: np.frombuffer(file.read(f"{index}/{name}"), each.kind).reshape(each.shape)
            for name, each in run.arrays.items()
        }
        runs[run.label] = history_of(run, header.columns, arrays)
    return Recording(name=header.name, made=header.made, versions=header.versions, runs=runs)
