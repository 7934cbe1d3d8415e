"""Vocabulary: a text as tokens, whole numbers that each stand for a word or a character.

Words as in the Penn Treebank of language modelling (Mikolov et al. 2010): lower case, the N most
common ones, <unk> for every other, <eos> at the end of a line or paragraph.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from gradviz.config import MOST_CHARACTERS

if TYPE_CHECKING:
    import torch

UNKNOWN, END = "<unk>", "<eos>"

REPLACEMENT = "�"
"""The unknown character, as one that a decoder could not read."""

_WORD = re.compile(r"\w+(?:['’.\-]\w+)*|[^\w\s]")
"""“don't”, “built-in” and “object.__init__” are one word, a sign is one of its own."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What each token stands for."""

    units: tuple[str, ...]
    """Token to its word or character; 0 is the unknown one, then the most common first."""
    separator: str
    """Between two units in a text: " " or ""."""
    ends: str
    """The unit after which a text begins anew: where a sampled one starts."""

    def __len__(self) -> int:
        return len(self.units)

    @cached_property
    def _tokens(self) -> Mapping[str, int]:
        return {unit: token for token, unit in enumerate(self.units)}

    def tokens(self, units: Sequence[str]) -> torch.Tensor:
        """(N,) int64 of a text cut into units."""
        import torch

        known = self._tokens
        return torch.tensor([known.get(each, 0) for each in units], dtype=torch.int64)

    @property
    def start(self) -> int:
        """The token that stands before a text."""
        return self._tokens.get(self.ends, 0)

    def text(self, tokens: Sequence[int]) -> str:
        """What tokens say; a new line for each <eos>."""
        said = self.separator.join(self.units[token] for token in tokens)
        return re.sub(rf" ?{END} ?", "\n", said) if self.separator else said


def words_of(text: str) -> list[str]:
    """A text's words, lower case, and <eos> where a paragraph ends.

    A text that has <unk> in it was cut into words before (as the files of the Penn Treebank): it
    is parted at its spaces alone, and each line is a paragraph.
    """
    is_cut = UNKNOWN in text
    paragraphs = text.splitlines() if is_cut or "\n\n" not in text else text.split("\n\n")
    found: list[str] = []
    for paragraph in paragraphs:
        words = paragraph.split() if is_cut else _WORD.findall(paragraph.lower())
        if words:
            found += [*words, END]
    return found


def word_vocabulary(words: Sequence[str], most: int) -> Vocabulary:
    """The `most` most common words beside <unk> and <eos>; of equally common, the alphabet's first.

    Args:
        words: of `words_of`, of the text that is trained on.
        most: N.
    """
    common = _most_common([each for each in words if each not in (UNKNOWN, END)], most)
    return Vocabulary((UNKNOWN, END, *common), separator=" ", ends=END)


def character_vocabulary(text: str) -> Vocabulary:
    """All kinds of characters, at most MOST_CHARACTERS, and one that stands for the others."""
    common = _most_common(text.replace(REPLACEMENT, ""), MOST_CHARACTERS)
    return Vocabulary((REPLACEMENT, *common), separator="", ends="\n")


def _most_common(units: Sequence[str], most: int) -> list[str]:
    counts = Counter(units)
    return sorted(counts, key=lambda each: (-counts[each], each))[:most]
