"""Copy a sequence, or reverse it: an encoder reads symbols, a decoder writes them down."""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

SYMBOLS = 8


def copy_sequence(seq_len: int, batch_size: int, generator: torch.Generator) -> tuple[Tensor, ...]:
    """The source (T, B, 8), what the decoder is told (T, B, 9), its targets (T, B), and chance.

    Chance, (T, B) numbers in [0, 1), says where it is told, if not everywhere.
    """
    symbols = torch.randint(0, SYMBOLS, (seq_len, batch_size), generator=generator)
    chance = torch.rand(seq_len, batch_size, generator=generator)
    return one_hot(symbols, SYMBOLS).float(), shifted(symbols), symbols, chance


def reverse_sequence(
    seq_len: int, batch_size: int, generator: torch.Generator
) -> tuple[Tensor, ...]:
    """The same, but the symbols are to be written from the last to the first."""
    symbols = torch.randint(0, SYMBOLS, (seq_len, batch_size), generator=generator)
    chance = torch.rand(seq_len, batch_size, generator=generator)
    targets = symbols.flip(0)
    return one_hot(symbols, SYMBOLS).float(), shifted(targets), targets, chance


def shifted(targets: Tensor) -> Tensor:
    """(T, B, 9) a ninth symbol to start with, then the targets shifted by one timestep."""
    start = torch.full_like(targets[:1], SYMBOLS)
    return one_hot(torch.cat([start, targets[:-1]]), SYMBOLS + 1).float()
