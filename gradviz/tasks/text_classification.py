"""Text classification: a few words of Python's help; which of eight topics are they of?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from gradviz.config import RunConfig
from gradviz.tasks.corpus import topics
from gradviz.tasks.task import Batch, Task, TaskNotes
from gradviz.tasks.vocabulary import Vocabulary, word_vocabulary, words_of
from gradviz.tasks.windows import windows

if TYPE_CHECKING:
    import torch

NOTES = TaskNotes(
    description="A window of words from Python's own help is read word by word; after the last one "
    "the network must say which of the eight longest topics it is of.",
    paper="after Dai & Le 2015 (arXiv 1511.01432)",
    floor_text="Learned nothing is a cross-entropy of ln 8 ≈ 2.079: one of eight topics by "
    "guessing.",
)

TOPICS = 8

EVERY = 10
"""Of each topic every tenth paragraph is not trained on."""


@dataclass(frozen=True, eq=False)
class _Topics:
    vocabulary: Vocabulary
    train: tuple[torch.Tensor, ...]
    """Of each topic (N,) tokens."""
    valid: tuple[torch.Tensor, ...]


def text_classification(config: RunConfig) -> Task:
    """Input: words as tokens. Target: the topic."""
    found = _topics(config.vocabulary_size)
    return Task(
        input_size=len(found.vocabulary),
        output_size=TOPICS,
        sample=partial(_sample, found.train, config.seq_len),
        held_out=partial(_held_out, found.valid, config.seq_len),
        floor=math.log(TOPICS),
        loss_kind="cross_entropy",
        vocabulary=found.vocabulary,
    )


def longest_topics() -> dict[str, tuple[str, ...]]:
    """Topic to its paragraphs, of the TOPICS with the most letters; the longest first."""
    return dict(sorted(topics().items(), key=lambda each: -sum(map(len, each[1])))[:TOPICS])


@lru_cache(maxsize=4)
def _topics(vocabulary_size: int) -> _Topics:
    train, valid = [], []
    for paragraphs in longest_topics().values():
        kept = [each for place, each in enumerate(paragraphs, start=1) if place % EVERY]
        train.append(words_of("\n\n".join(kept)))
        valid.append(words_of("\n\n".join(paragraphs[EVERY - 1 :: EVERY])))
    vocabulary = word_vocabulary([word for words in train for word in words], vocabulary_size)
    return _Topics(vocabulary, *(tuple(map(vocabulary.tokens, part)) for part in (train, valid)))


def _sample(
    texts: Sequence[torch.Tensor], seq_len: int, batch_size: int, generator: torch.Generator
) -> Batch:
    """A topic each, all alike likely, and a window anywhere in it."""
    import torch

    chosen = torch.randint(0, len(texts), (batch_size,), generator=generator)
    places = torch.rand(batch_size, generator=generator, dtype=torch.float64)
    lengths = torch.tensor([len(text) for text in texts])
    starts = (places * (lengths - seq_len + 1)[chosen]).long()
    # The topics one behind the other; no window reaches into the next.
    firsts = lengths.cumsum(0) - lengths
    return Batch(windows(torch.cat(list(texts)), firsts[chosen] + starts, seq_len), chosen)


def _held_out(texts: Sequence[torch.Tensor], seq_len: int, batch_size: int) -> Sequence[Batch]:
    """One batch of windows that follow each other in each topic; empty if they are too short."""
    import torch

    each = max(batch_size // len(texts), 1)
    if min(len(text) for text in texts) < seq_len:
        return []
    starts = [torch.linspace(0, len(text) - seq_len, each).long() for text in texts]
    drawn = [windows(text, at, seq_len) for text, at in zip(texts, starts, strict=True)]
    return [Batch(torch.cat(drawn, dim=1), torch.arange(len(texts)).repeat_interleave(each))]
