"""The text of a language model, character by character."""

from collections import Counter

import torch
from torch import Tensor

from gradviz.script.parts.text.corpus import training_paragraphs


def character_tokens() -> tuple[Tensor, int]:
    """(N,) tokens, and how many kinds there are; 0 stands for a character that is not common."""
    text = "\n\n".join(training_paragraphs())
    counts = Counter(text)
    common = sorted(counts, key=lambda each: (-counts[each], each))[:200]
    known = {each: token for token, each in enumerate(common, start=1)}
    return torch.tensor([known.get(each, 0) for each in text]), len(known) + 1
