"""Two in, two out."""

import torch
from torch import Tensor
from torch.nn import functional

KINDS = 4
MARKER = KINDS


def two_in_two_out(
    seq_len: int, batch_size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(T, B, 6) numbers beside symbols, and (B, 2) the number at the marker, the first symbol."""
    numbers = torch.rand(seq_len, batch_size, generator=generator)
    symbols = torch.randint(0, KINDS, (seq_len, batch_size), generator=generator)
    marked = torch.randint(1, seq_len, (1, batch_size), generator=generator)
    symbols.scatter_(0, marked, MARKER)
    inputs = torch.cat([numbers[..., None], functional.one_hot(symbols, KINDS + 1)], -1)
    return inputs, torch.stack([numbers.gather(0, marked)[0], symbols[0].float()], -1)


def number_and_class(outputs: Tensor, targets: Tensor) -> Tensor:
    """12 · squared error of the number + cross-entropy of the symbol.

    1/12 is the number's variance, so both losses begin alike.
    """
    squared = functional.mse_loss(outputs[:, 0], targets[:, 0])
    return 12 * squared + functional.cross_entropy(outputs[:, 1:], targets[:, 1].long())
