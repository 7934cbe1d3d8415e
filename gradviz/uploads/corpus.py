"""A user's text: one file split by position, or files to train, validate and test on.

The three files are what language models are compared on since Mikolov et al. 2010 on the Penn
Treebank: ptb.train.txt, ptb.valid.txt, ptb.test.txt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from gradviz.uploads.decode import Decoded, decode
from gradviz.uploads.errors import UploadError
from gradviz.uploads.names import file_name

LEAST_CHARACTERS = 2000
"""To train on; half a page."""
LEAST_WORDS = 200
"""For a model of words; a text without spaces, such as DNA or Chinese, has one of characters."""
LEAST_PART = 50
"""Characters to validate or to test on."""

VALID_SHARE = 0.05
TEST_SHARE = 0.05
"""Of a text that comes without files for them."""

LONG_WORD = 100
"""Characters; beyond it a word is rather a table, a code or a text without spaces."""

Role = Literal["train", "valid", "test"]

_ROLES: dict[str, Role] = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus:
    """A text to train, validate and test on; its lines end with a newline alone."""

    name: str
    """The file's, or that of the file to train on."""
    train: str
    valid: str
    test: str
    source: str
    """One sentence: which files, how long, how split."""
    notes: tuple[str, ...] = ()
    """A sentence for each thing that was changed, guessed or is worth knowing."""

    @property
    def words_trouble(self) -> str | None:
        """One sentence where the text is too short for a model of words; characters always do."""
        words = len(self.train.split())
        if words >= LEAST_WORDS:
            return None
        return (
            f"{self.name} must have at least {LEAST_WORDS} words to train a model of words on, "
            f"got {words}; choose a model of characters or a longer text."
        )


def read_text(files: Sequence[tuple[str, bytes]]) -> Corpus:
    """A text from one file, or from files whose names say train, valid and test.

    What is not given to validate or to test on is cut from the end of what trains.

    Args:
        files: name and bytes of each.

    Raises:
        UploadError: one sentence on the first thing that is wrong.
    """
    if not files:
        raise UploadError("Upload one text, or files named train, valid and test; got no file.")
    if len(files) == 1:
        name = file_name(files[0][0])
        return _corpus({"train": name}, {"train": decode(name, files[0][1], "plain text")})
    names = _names([file_name(name) for name, _ in files])
    data = {file_name(name): content for name, content in files}
    return _corpus(
        names, {role: decode(name, data[name], "plain text") for role, name in names.items()}
    )


def role_of(name: str) -> Role | None:
    """What a file is for, by the words in its name; None where it says nothing, or two things."""
    roles = {_ROLES[word] for word in re.split("[^a-z]+", name.lower()) if word in _ROLES}
    return roles.pop() if len(roles) == 1 else None


def _names(names: Sequence[str]) -> dict[Role, str]:
    found: dict[Role, str] = {}
    for name in names:
        role = role_of(name)
        if role is None:
            raise UploadError(
                f"Each of several files must say train, valid or test in its name, got {name}; "
                "rename it, or upload one file alone."
            )
        if role in found:
            raise UploadError(
                f"There must be one file to {_purpose(role)}, got {found[role]} and {name}; "
                "leave one out."
            )
        found[role] = name
    if "train" not in found:
        raise UploadError(
            f"Files to validate or test must come with one to train on, got "
            f"{' and '.join(names)}; upload a file named train as well."
        )
    return found


def _corpus(names: dict[Role, str], files: dict[Role, Decoded]) -> Corpus:
    texts: dict[Role, str] = {role: file.text.strip() for role, file in files.items()}
    if len(texts["train"]) < LEAST_CHARACTERS:
        raise UploadError(
            f"{names['train']} must have at least {LEAST_CHARACTERS:,} characters to train on, "
            f"got {len(texts['train']):,}; choose a longer text."
        )
    notes = [note for file in files.values() for note in file.notes]
    for role, text in texts.items():
        notes += _notes(names[role], text)
    parts = _parts(texts)
    for role, part in parts.items():
        if len(part.strip()) < LEAST_PART:
            where = names.get(role, f"The end of {names['train']}")
            raise UploadError(
                f"{where} must have at least {LEAST_PART} characters to {_purpose(role)}, "
                f"got {len(part.strip())}; choose a longer text."
            )
    corpus = Corpus(name=names["train"], **parts, source=_source(names, parts), notes=tuple(notes))
    trouble = corpus.words_trouble
    return replace(corpus, notes=(*notes, trouble)) if trouble else corpus


def _parts(texts: dict[Role, str]) -> dict[Role, str]:
    """The texts, and what is missing cut from the end of the first."""
    train = texts["train"]
    test_share = 0.0 if "test" in texts else TEST_SHARE
    valid_share = 0.0 if "valid" in texts else VALID_SHARE
    first = _border(train, 1 - test_share - valid_share)
    second = _border(train, 1 - test_share)
    return {
        "train": train[:first],
        "valid": texts.get("valid", train[first:second]),
        "test": texts.get("test", train[second:]),
    }


def _border(text: str, share: float) -> int:
    """Where to cut: the end of a line within 1 % of the text, else of a word, else anywhere."""
    at, slack = round(share * len(text)), len(text) // 100
    if at == len(text):
        return at
    for mark in ("\n", " "):
        before, after = text.rfind(mark, at - slack, at), text.find(mark, at, at + slack)
        ends = [place + 1 for place in (before, after) if place >= 0]
        if ends:
            return min(ends, key=lambda end: abs(end - at))
    return at


def _notes(name: str, text: str) -> list[str]:
    notes = []
    if "\n" not in text:
        notes.append(f"{name} is one line: where a sentence or verse ends is not marked.")
    long = re.search(rf"\S{{{LONG_WORD + 1},}}", text)
    if long is not None:
        line = text.count("\n", 0, long.start()) + 1
        notes.append(
            f"{name} has a word of {len(long[0]):,} characters on line {line:,}, which a model of "
            "words takes as one; for a text without spaces choose characters."
        )
    return notes


def _source(names: dict[Role, str], parts: dict[Role, str]) -> str:
    sizes = [f"{len(part):,} characters to {_purpose(role)}" for role, part in parts.items()]
    files = ", ".join(names.values())
    cut = "" if len(names) == 3 else ", split by position"
    return f"{files}{cut}: {sizes[0]}, {sizes[1]} and {sizes[2]}."


def _purpose(role: Role) -> str:
    return {"train": "train on", "valid": "validate on", "test": "test on"}[role]
