"""Windows of one long series."""

import torch
from torch import Tensor


def windows(values: Tensor, starts: Tensor, length: int) -> Tensor:
    """(length, B, …): so many values of a series (N, …) from each of the starts (B,) on."""
    return values[starts + torch.arange(length)[:, None]]


def stream(
    values: Tensor, seq_len: int, following: int, batch_size: int, step: int
) -> tuple[Tensor, bool]:
    """(T + following, B, …): window number `step`, and whether it goes on from the one before.

    The series is cut into B streams that are read side by side, window after window; behind the
    last whole window they begin anew.
    """
    length = (len(values) - following) // batch_size
    place = step % (length // seq_len)
    starts = torch.arange(batch_size) * length + place * seq_len
    return windows(values, starts, seq_len + following), place > 0
