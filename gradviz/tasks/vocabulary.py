"""Vocabulary: a text as tokens, whole numbers that each stand for a word or a character.

Words as in the Penn Treebank of language modelling (Mikolov et al. 2010): lower case, the N most
common ones, <unk> for every other, <eos> at the end of a line or paragraph.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

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


class Unigrams(NamedTuple):
    """What is known of a text without its order."""

    perplexity: float
    """e to the power of the entropy of how common the words are."""
    unknown: float
    """Share of the words that are <unk>, in [0, 1]."""


def unigrams(counts: Mapping[str, int], most: int) -> Unigrams:
    """Of a text whose `most` most common words are told apart, as by `word_vocabulary`.

    Args:
        counts: how often each of `words_of` is in the text; not empty.
        most: N.
    """
    common = sorted((counts[each] for each in counts if each not in (UNKNOWN, END)), reverse=True)
    total, kept = sum(counts.values()), [*common[:most], counts.get(END, 0)]
    unknown = total - sum(kept)
    shares = [count / total for count in (*kept, unknown) if count]
    entropy = -math.fsum(share * math.log(share) for share in shares)
    return Unigrams(math.exp(entropy), unknown / total)


def _most_common(units: Sequence[str], most: int) -> list[str]:
    counts = Counter(units)
    return sorted(counts, key=lambda each: (-counts[each], each))[:most]
