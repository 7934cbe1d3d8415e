"""Uploaded data in a folder, by an id that fits in a URL. Many processes use it at once.

A file is written under another name and then renamed, so nobody sees half of one. Files are not
synced to the disk: one that a loss of power cut off does not fit its id, and is asked for again.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

import platformdirs

from gradviz.config import LIMITS
from gradviz.config.shown import shown
from gradviz.uploads.corpus import Corpus
from gradviz.uploads.errors import MissingDataError, ShelfError
from gradviz.uploads.packed import LONGEST_HEADER, Header, header_of, id_of, packed
from gradviz.uploads.series import Series

MOST_BYTES = LIMITS.shelf_mb * 2**20
"""Of all files together; what was not used for longest goes first."""

ABANDONED_S = 3600.0
"""Age of a file that a process began to write and did not finish."""

_ID = re.compile("[0-9a-f]{16}")


def default_folder() -> Path:
    """$GRADVIZ_DATA, else a folder in the user's cache."""
    named = os.environ.get("GRADVIZ_DATA")
    folder = Path(named) if named else platformdirs.user_cache_path("gradviz", False) / "data"
    return folder.absolute()


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelved:
    """What a shelf says of data without reading them."""

    id: str
    kind: Literal["corpus", "series"]
    name: str
    source: str
    bytes: int
    used: float
    """When it was last put or got, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The data in a folder, which is made when it is first needed, for this user alone."""

    folder: Path = field(default_factory=default_folder)
    most_bytes: int = MOST_BYTES

    def put(self, data: Corpus | Series) -> str:
        """Keep data, and make room by forgetting what was not used for longest.

        Returns:
            Its id, which depends on nothing but what is trained on.

        Raises:
            ShelfError: where it is too large, or the folder cannot be written.
        """
        header, content = packed(data)
        line = header.model_dump_json().encode("utf-8") + b"\n"
        size = len(line) + len(content)
        if size > self.most_bytes or len(line) > LONGEST_HEADER:
            raise ShelfError(
                f"{data.name} must take at most {self.most_bytes / 2**20:g} MB, got "
                f"{size / 2**20:.1f} MB; choose fewer columns or a shorter text."
            )
        path = self._path(id_of(header, content))
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(path, line, content)
        except OSError as error:
            raise ShelfError(
                f"{self.folder} must be a folder with room to write, got {error.strerror}; free "
                "some space or set GRADVIZ_DATA to another folder."
            ) from error
        self._make_room(path)
        return path.stem

    def get(self, data_id: str) -> Corpus | Series:
        """The data of an id.

        Args:
            data_id: may come from a URL; nothing but 16 hex digits reaches the disk.

        Raises:
            MissingDataError: one sentence, where they are not there or damaged.
        """
        with self._opened(data_id) as file:
            data = _read(file, data_id, self.most_bytes)
        self._used_now(data_id)
        return data

    def about(self, data_id: str) -> Shelved:
        """What is said of the data of an id; they are not read, and not used by that.

        Raises:
            MissingDataError: as `get`, but for damage behind the header.
        """
        with self._opened(data_id) as file:
            return _shelved(self._path(data_id), file, self.most_bytes)

    def touch(self, data_id: str) -> None:
        """Say that data are used by who has read them before.

        Raises:
            MissingDataError: as `about`.
        """
        self.about(data_id)
        self._used_now(data_id)

    def forget(self, data_id: str) -> None:
        """Remove the data of an id, where they are there.

        Raises:
            MissingDataError: for what is no id.
            ShelfError: where they cannot be removed.
        """
        try:
            self._path_of(data_id).unlink(missing_ok=True)
        except OSError as error:
            raise ShelfError(
                f"{self.folder} must be a folder that can be written, got {error.strerror}; "
                f"remove {data_id}.data there."
            ) from error

    def contents(self) -> tuple[Shelved, ...]:
        """All that is there, used last first; damaged files are left out."""
        found = []
        for *_, path in sorted(self._files(), reverse=True):
            with contextlib.suppress(OSError, ValueError), path.open("rb") as file:
                found.append(_shelved(path, file, self.most_bytes))
        return tuple(found)

    @contextlib.contextmanager
    def _opened(self, data_id: str) -> Iterator[BinaryIO]:
        """The file of an id; what goes wrong with it is a MissingDataError."""
        path = self._path_of(data_id)
        try:
            with path.open("rb") as file:
                yield file
        except FileNotFoundError:
            raise MissingDataError(
                f"The data {data_id} are not on this machine; upload the file again."
            ) from None
        except (OSError, ValueError) as error:
            raise MissingDataError(
                f"The data {data_id} are damaged on this machine; upload the file again."
            ) from error

    def _used_now(self, data_id: str) -> None:
        with contextlib.suppress(OSError):
            os.utime(self._path(data_id))

    def _path_of(self, data_id: str) -> Path:
        """The file of what may be an id; raises MissingDataError where it is none."""
        if not _ID.fullmatch(data_id):
            raise MissingDataError(
                f"The id of data must be 16 hex digits, got {shown(data_id)}; upload the file."
            )
        return self._path(data_id)

    def _path(self, data_id: str) -> Path:
        return self.folder / f"{data_id}.data"

    def _write(self, path: Path, line: bytes, content: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(line)
                file.write(content)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _make_room(self, kept: Path) -> None:
        files = sorted(self._files())
        size = sum(each for _, each, _ in files)
        for _, of_file, path in files:
            if size <= self.most_bytes:
                break
            if path != kept:
                # Another process may have been quicker, or (on Windows) read it just now.
                with contextlib.suppress(OSError):
                    path.unlink()
                size -= of_file
        for path in self.folder.glob("*.part"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > ABANDONED_S:
                    path.unlink()

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """When each was used, its bytes, its path."""
        for path in self.folder.glob("*.data"):
            with contextlib.suppress(OSError):
                found = path.stat()
                if _ID.fullmatch(path.stem):
                    yield found.st_mtime, found.st_size, path


def _shelved(path: Path, file: BinaryIO, most_bytes: int) -> Shelved:
    header, size = _header(file, most_bytes)
    return Shelved(
        id=path.stem,
        kind=header.kind,
        name=header.name,
        source=header.source,
        bytes=size,
        used=os.fstat(file.fileno()).st_mtime,
    )


def _header(file: BinaryIO, most_bytes: int) -> tuple[Header, int]:
    """The header and the bytes of the whole file, which are as many as the header says."""
    size = os.fstat(file.fileno()).st_size
    if size > most_bytes:
        raise ValueError(f"it has {size:,} bytes, of at most {most_bytes:,}")
    header = header_of(file.readline(LONGEST_HEADER))
    if size != file.tell() + header.size:
        raise ValueError("it is longer or shorter than its header says")
    return header, size


def _read(file: BinaryIO, data_id: str, most_bytes: int) -> Corpus | Series:
    header, _ = _header(file, most_bytes)
    content = file.read(header.size)
    if id_of(header, content) != data_id:
        raise ValueError("it holds other data than its id says")
    return header.data(content)
