"""Recall."""

import torch
from torch import Tensor
from torch.nn import functional

TOKENS = 8


def recall(seq_len: int, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(T, B, 8) one token, then silence, and (B,) which token it was."""
    tokens = torch.randint(0, TOKENS, (batch_size,), generator=generator)
    inputs = torch.zeros(seq_len, batch_size, TOKENS)
    inputs[0] = functional.one_hot(tokens, TOKENS)
    return inputs, tokens
