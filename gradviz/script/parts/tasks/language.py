"""Language models: at every timestep, name the next token."""

import torch
from torch import Tensor

from gradviz.script.parts.tasks.windows import stream, windows


def next_tokens(
    tokens: Tensor, seq_len: int, skip_step: int, batch_size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(T, B) tokens from any multiple of skip_step on, and (T, B) the token after each."""
    count = (len(tokens) - 1 - seq_len) // skip_step + 1
    starts = skip_step * torch.randint(0, count, (batch_size,), generator=generator)
    drawn = windows(tokens, starts, seq_len + 1)
    return drawn[:-1], drawn[1:]


def next_tokens_on(
    tokens: Tensor, seq_len: int, batch_size: int, step: int
) -> tuple[Tensor, Tensor, bool]:
    """(T, B), (T, B), and whether the windows go on from those of the step before."""
    drawn, goes_on = stream(tokens, seq_len, 1, batch_size, step)
    return drawn[:-1], drawn[1:], goes_on
