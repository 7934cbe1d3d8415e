"""A Corpus or Series as one file: a line of JSON, then its bytes. Nothing is unpickled.

Not npz or npy: NumPy's header parser evaluates what a damaged file declares, and makes room for
any shape.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from gradviz.uploads.corpus import Corpus
from gradviz.uploads.grid import MOST_COLUMNS
from gradviz.uploads.series import Series

LONGEST_HEADER = 2**20
"""Bytes; a thousand long names of columns are 0.5 MB at most."""


class _Header(BaseModel):
    # What a newer gradviz says besides is left out.
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    format: Literal[1] = 1
    name: str
    source: str
    notes: list[str]


class CorpusHeader(_Header):
    """Of a file whose bytes are three texts in UTF-8."""

    kind: Literal["corpus"] = "corpus"
    sizes: list[Annotated[int, Field(ge=0)]] = Field(min_length=3, max_length=3)
    """Bytes of the texts to train, validate and test on."""

    @property
    def size(self) -> int:
        """Bytes behind the header."""
        return sum(self.sizes)

    def data(self, content: bytes) -> Corpus:
        """The corpus.

        Raises:
            ValueError: where the bytes are no UTF-8.
        """
        train, valid, _ = self.sizes
        return Corpus(
            name=self.name,
            train=content[:train].decode("utf-8"),
            valid=content[train : train + valid].decode("utf-8"),
            test=content[train + valid :].decode("utf-8"),
            source=self.source,
            notes=tuple(self.notes),
        )


class SeriesHeader(_Header):
    """Of a file whose bytes are rows of little-endian float64."""

    kind: Literal["series"] = "series"
    columns: list[str] = Field(min_length=1, max_length=MOST_COLUMNS)
    rows: int = Field(ge=0)

    @property
    def size(self) -> int:
        """Bytes behind the header."""
        return 8 * self.rows * len(self.columns)

    def data(self, content: bytes) -> Series:
        """The series.

        Raises:
            ValueError: where a number is not finite.
        """
        values_TC = np.frombuffer(content, "<f8").reshape(self.rows, len(self.columns))
        return Series(
            name=self.name,
            columns=tuple(self.columns),
            values=values_TC.astype(np.float64, copy=False),
            source=self.source,
            notes=tuple(self.notes),
        )


Header = CorpusHeader | SeriesHeader

_HEADER: TypeAdapter[Header] = TypeAdapter(Annotated[Header, Field(discriminator="kind")])


def header_of(line: bytes) -> Header:
    """The header in a file's first line.

    Raises:
        ValueError: for a line that is none.
    """
    if not line.endswith(b"\n"):
        raise ValueError("the first line does not end")
    return _HEADER.validate_json(line)


def packed(data: Corpus | Series) -> tuple[Header, bytes]:
    """The header and the bytes behind it."""
    if isinstance(data, Corpus):
        texts = [text.encode("utf-8") for text in (data.train, data.valid, data.test)]
        sizes = [len(text) for text in texts]
        return CorpusHeader(
            name=data.name, source=data.source, notes=list(data.notes), sizes=sizes
        ), b"".join(texts)
    return SeriesHeader(
        name=data.name,
        source=data.source,
        notes=list(data.notes),
        columns=list(data.columns),
        rows=len(data.values),
    ), data.values.astype("<f8").tobytes()


def id_of(header: Header, content: bytes) -> str:
    """The first 16 hex digits of the SHA-256 of what is trained on, whatever the file's name."""
    shape = header.sizes if isinstance(header, CorpusHeader) else [header.rows, header.columns]
    described = json.dumps([header.kind, shape]).encode()
    return hashlib.sha256(described + b"\n" + content).hexdigest()[:16]
