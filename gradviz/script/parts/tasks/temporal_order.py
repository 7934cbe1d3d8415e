"""Temporal order."""

import torch
from torch import Tensor
from torch.nn import functional

RELEVANT = 2
KINDS = 6


def temporal_order(
    seq_len: int, batch_size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(T, B, 6) A or B twice among four distractors, and (B,) which: AA, AB, BA or BB.

    They come at 1/10…2/10 and at 5/10…6/10 of the sequence.
    """
    tokens = torch.randint(RELEVANT, KINDS, (seq_len, batch_size), generator=generator)
    symbols = torch.randint(0, RELEVANT, (2, batch_size), generator=generator)
    for symbol, tenth in zip(symbols, (1, 5), strict=True):
        first, end = seq_len * tenth // 10, seq_len * (tenth + 1) // 10
        place = torch.randint(first, end, (1, batch_size), generator=generator)
        tokens.scatter_(0, place, symbol[None])
    return functional.one_hot(tokens, KINDS).float(), RELEVANT * symbols[0] + symbols[1]
