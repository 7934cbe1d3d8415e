"""What a tab has uploaded, how it is to be trained on, and what of it lies on the shelf."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from gradviz.config import TASKS, RunConfig, bounds
from gradviz.tasks.vocabulary import Unigrams, unigrams, words_of
from gradviz.uploads import (
    Column,
    Corpus,
    Missing,
    MissingDataError,
    Series,
    Shelf,
    Shelved,
    Table,
    UploadError,
    read_series,
    read_text,
)

YOUR_DATA = "pages/your_data.py"

Kind = Literal["text", "series"]

KIND_OF: Mapping[str, Kind] = {"corpus": "text", "series": "series"}
"""What the shelf calls it to what the pages do."""

PARTS = ("train", "valid", "test")

MOST_COLUMNS = 16
"""Of a series that is trained on: more pictures of inputs than anybody looks at."""

SMALL = RunConfig(cell="lstm", hidden_size=64, batch_size=20, clip_threshold=5.0)
"""A network small enough to be live; clipped as in Zaremba, Sutskever & Vinyals 2014."""


@dataclass(frozen=True, slots=True, eq=False)
class OwnText:
    """A text and what is counted once."""

    corpus: Corpus
    words: Mapping[str, Counter[str]]
    """How often each word is in a part: train, valid, test."""
    characters: int
    """Different ones, to train on."""

    @classmethod
    def of(cls, corpus: Corpus) -> OwnText:
        """Counted."""
        words = {part: Counter(words_of(getattr(corpus, part))) for part in PARTS}
        return cls(corpus, words, len(set(corpus.train)))

    def unigrams(self, vocabulary_size: int) -> Unigrams:
        """Of the part to train on."""
        return unigrams(self.words["train"], vocabulary_size)


@dataclass
class OwnData:
    """One tab's uploads. What was good stays until something good comes after it."""

    kind: Kind = "text"
    """Which of the two is looked at."""
    text: OwnText | None = None
    table: Table | None = None
    problems: dict[Kind, str] = field(default_factory=dict)
    """A sentence on the upload that failed last."""
    vocabulary_size: int = RunConfig.model_fields["vocabulary_size"].default
    columns: tuple[str, ...] = ()
    """Of the table, as chosen."""
    missing: Missing = "interpolate"
    normalise: bool = True
    seq_len: int = 50
    """Rows that are read before the forecast; fewer where the series is short."""
    forecast_steps: int = 1
    emptied: int = 0
    """How often an upload was put away: the uploader is a new one then, without the file."""
    kept_problem: str = ""
    """A sentence where what is kept could not be deleted."""
    shelved: list[str] = field(default_factory=list)
    """Ids of what this tab put on the shelf, the newest first; no other tab is told of them."""

    def take_text(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Read one text, or files to train, validate and test on."""
        try:
            self.text = OwnText.of(read_text(files))
            self.problems.pop("text", None)
        except UploadError as error:
            self.problems["text"] = str(error)

    def take_table(self, name: str, content: bytes) -> None:
        """Read a CSV."""
        try:
            self.table = read_series(name, content)
        except UploadError as error:
            self.problems["series"] = str(error)
            return
        self.problems.pop("series", None)
        self.columns, self.missing = _first_worth(self.table), "interpolate"

    def put_away(self) -> None:
        """Forget the upload that is looked at; what is on the shelf stays there."""
        self.problems.pop(self.kind, None)
        self.emptied += 1
        if self.kind == "text":
            self.text = None
        else:
            self.table, self.columns = None, ()

    def window(self, rows: int) -> tuple[int, int]:
        """Rows read and rows forecast, of a series of so many."""
        seq_len = min(self.seq_len, longest_window(rows))
        return seq_len, min(self.forecast_steps, most_forecast(rows, seq_len))

    def shelve(self, data: Corpus | Series) -> str:
        """Put data on the shelf; their id.

        Raises:
            ShelfError: one sentence, where that cannot be.
        """
        found = Shelf().put(data)
        self.shelved = [found, *(each for each in self.shelved if each != found)]
        return found

    def kept(self) -> list[Shelved]:
        """What this tab put on the shelf and is still there."""
        shelf, found = Shelf(), []
        for data_id in list(self.shelved):
            try:
                found.append(shelf.about(data_id))
            except MissingDataError:
                self.shelved.remove(data_id)
        return found

    def forget(self, data_id: str) -> None:
        """Remove data from the shelf, for everybody.

        Raises:
            ShelfError: one sentence, where that cannot be.
        """
        if data_id in self.shelved:
            Shelf().forget(data_id)
            self.shelved.remove(data_id)


def config_of_words(data_id: str, text: OwnText, vocabulary_size: int) -> RunConfig:
    """A small language model of words; its batch is small where the text is short."""
    seq_len, count = 35, sum(text.words["train"].values())
    return SMALL.replace(
        task="word_lm",
        data=data_id,
        seq_len=seq_len,
        batch_size=max(1, min(SMALL.batch_size, (count - 1) // seq_len)),
        vocabulary_size=vocabulary_size,
    )


def config_of_characters(data_id: str) -> RunConfig:
    """A small language model of characters; 2,000 of them are enough for its batch."""
    return SMALL.replace(task="char_lm", data=data_id, seq_len=60)


def longest_window(rows: int) -> int:
    """Rows that may be read before a forecast, of a series of so many."""
    return min(TASKS["series"].seq_len[1], rows // 2)


def most_forecast(rows: int, seq_len: int) -> int:
    """Rows that may be forecast at once, so that there are two windows at least."""
    return min(int(bounds("forecast_steps")[1]), rows - seq_len - 1)


def config_of_series(own: OwnData, data_id: str, rows: int) -> RunConfig:
    """A small network that forecasts a series; its batch is small where the series is short."""
    seq_len, steps = own.window(rows)
    return SMALL.replace(
        task="series",
        data=data_id,
        seq_len=seq_len,
        forecast_steps=steps,
        normalise=own.normalise,
        batch_size=max(1, min(SMALL.batch_size, (rows - steps) // seq_len)),
    )


def size_of(each: Shelved) -> str:
    """Of data on the shelf: 12 kB, 3.4 MB."""
    kilobytes = each.bytes / 1024
    return f"{kilobytes / 1024:.1f} MB" if kilobytes >= 1000 else f"{max(1, round(kilobytes))} kB"


def span_of(column: Column) -> tuple[float, float] | None:
    """Least and greatest value; None of a column that cannot be used."""
    if column.kind != "number" or column.trouble is not None:
        return None
    return float(np.nanmin(column.values)), float(np.nanmax(column.values))


def _first_worth(table: Table) -> tuple[str, ...]:
    """The first column whose steps are not all alike, as those of a count of the rows are."""
    usable = [each for each in table.columns if each.name in set(table.numeric)]
    for column in usable:
        steps = np.diff(column.values[np.isfinite(column.values)])
        if len(steps) and not (steps == steps[0]).all():
            return (column.name,)
    return (usable[0].name,)
