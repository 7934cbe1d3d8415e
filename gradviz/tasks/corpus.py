"""The texts to learn from: a user's own, or Python's own help, about 40,000 words.

The help (`pydoc_data.topics`, standard library) is English about Python. What is no prose, code,
grammar, tables, is left out, and so is what stands in several topics, or the valid text
would hold what was trained on.
"""

from __future__ import annotations

import re
from bisect import bisect
from functools import cache
from itertools import accumulate

from gradviz.config import ConfigError
from gradviz.uploads import Corpus, Shelf

VALID_SHARE, TEST_SHARE = 0.05, 0.05
"""Of the built-in text, its last paragraphs."""

LEAST_WORDS = 6
"""A shorter paragraph is a heading, a signature or a table's cell."""

LETTERS = 0.88
"""Least share of letters, spaces, commas, stops in a paragraph of prose; of code it is smaller."""

_NO_PROSE = ("::=", ">>>", "Traceback (", "    ", "+--", "===", "***")
"""What a line of grammar, a session, a table or a heading holds. Code is indented beside itself."""


def corpus_of(data: str) -> Corpus:
    """The text of a config's `data`; the built-in one where that is empty.

    Raises:
        MissingDataError: where it is not on this machine.
        ConfigError: where it is no text.
    """
    if not data:
        return builtin()
    found = Shelf().get(data)
    if not isinstance(found, Corpus):
        sentence = (
            f"data must be a text for a language model, got the table {found.name}; choose a text."
        )
        raise ConfigError({"data": sentence})
    return found


def check_there(data: str) -> None:
    """Raise MissingDataError where a config's `data` were deleted: memory must not outlast them."""
    if data:
        Shelf().touch(data)


@cache
def builtin() -> Corpus:
    """Python's help, its paragraphs in the topics' alphabetical order, split by position."""
    paragraphs = [each for topic in topics().values() for each in topic]
    ends = list(accumulate(len(each) for each in paragraphs))
    valid, test = (
        bisect(ends, share * ends[-1]) for share in (1 - VALID_SHARE - TEST_SHARE, 1 - TEST_SHARE)
    )
    parts = paragraphs[:valid], paragraphs[valid:test], paragraphs[test:]
    train, held_out, last = ("\n\n".join(part) for part in parts)
    return Corpus(
        name="Python's help",
        train=train,
        valid=held_out,
        test=last,
        source="The topics of Python's help, of the standard library.",
    )


@cache
def topics() -> dict[str, tuple[str, ...]]:
    """Topic to its paragraphs of prose; each paragraph is of the first topic that has it."""
    from pydoc_data.topics import topics as raw

    seen: set[str] = set()
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(raw):
        kept = [_clean(each) for each in re.split(r"\n\s*\n", raw[name]) if _is_prose(each)]
        new = [each for each in dict.fromkeys(kept) if each not in seen and _is_worded(each)]
        seen.update(new)
        found[name] = tuple(new)
    return found


def _is_prose(paragraph: str) -> bool:
    lines = paragraph.strip("\n").splitlines()
    return bool(lines) and not any(sign in line.strip() for line in lines for sign in _NO_PROSE)


def _is_worded(paragraph: str) -> bool:
    letters = sum(each.isalpha() or each in " ,.'" for each in paragraph)
    is_long = len(paragraph.split()) >= LEAST_WORDS
    return is_long and paragraph[-1] in ".:;?!)" and letters >= LETTERS * len(paragraph)


def _clean(paragraph: str) -> str:
    """Without marks of emphasis, of code, of lists and of footnotes, on one line."""
    text = re.sub(r"-\n\s*", "-", paragraph.strip())
    text = re.sub(r"^(?:[*\-•]|\d+\.|\[\d+\])\s+", "", text)
    text = re.sub(r"\s*\[\d+\]|[*\"`“”|]|\\", "", text)
    text = text.replace("’", "'").replace("‘", "'").replace("—", ", ").replace("–", "-")
    return " ".join(text.split())
