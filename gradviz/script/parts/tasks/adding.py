"""The adding problem."""

import torch
from torch import Tensor


def adding(seq_len: int, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(T, B, 2) random numbers, two of them marked, and (B, 1) the sum of these two."""
    numbers = torch.rand(seq_len, batch_size, generator=generator)
    half = seq_len // 2
    first = torch.randint(0, half, (1, batch_size), generator=generator)
    second = torch.randint(half, seq_len, (1, batch_size), generator=generator)
    marked = torch.cat([first, second])
    marks = torch.zeros(seq_len, batch_size).scatter_(0, marked, 1.0)
    return torch.stack([numbers, marks], -1), numbers.gather(0, marked).sum(0)[:, None]
