"""The text of a language model, word by word."""

import torch
from torch import Tensor

from gradviz.script.parts.text.corpus import training_paragraphs
from gradviz.script.parts.text.words import vocabulary, words_of


def word_tokens(vocabulary_size: int) -> tuple[Tensor, int]:
    """(N,) tokens, and how many kinds there are; 0 stands for every word that is not common."""
    words = words_of(training_paragraphs())
    known = vocabulary(words, vocabulary_size)
    return torch.tensor([known.get(word, 0) for word in words]), len(known)
