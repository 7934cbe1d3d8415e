"""Text classification: which topic of Python's help is it?"""

import torch
from torch import Tensor

from gradviz.script.parts.tasks.windows import windows
from gradviz.script.parts.text.prose import topics
from gradviz.script.parts.text.words import vocabulary, words_of


def topic_tokens(vocabulary_size: int) -> tuple[list[Tensor], int]:
    """(N,) tokens of each of the eight longest topics, and how many kinds there are.

    Every tenth paragraph is held out.
    """
    longest = sorted(topics().values(), key=lambda each: -sum(map(len, each)))[:8]
    texts = [words_of(p for n, p in enumerate(each, start=1) if n % 10) for each in longest]
    known = vocabulary([word for text in texts for word in text], vocabulary_size)
    tokens = [torch.tensor([known.get(word, 0) for word in text]) for text in texts]
    return tokens, len(known)


def text_classification(
    texts: list[Tensor], seq_len: int, batch_size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(T, B) tokens from anywhere in a topic, and (B,) which of the topics it is."""
    chosen = torch.randint(0, len(texts), (batch_size,), generator=generator)
    places = torch.rand(batch_size, generator=generator, dtype=torch.float64)
    lengths = torch.tensor([len(text) for text in texts])
    starts = (places * (lengths - seq_len + 1)[chosen]).long()
    firsts = lengths.cumsum(0) - lengths
    return windows(torch.cat(texts), firsts[chosen] + starts, seq_len), chosen
