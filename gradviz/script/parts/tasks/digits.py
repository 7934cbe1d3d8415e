"""Handwritten digits, read as a sequence."""

import torch
from sklearn.datasets import load_digits
from torch import Tensor


def images_and_digits() -> tuple[Tensor, Tensor]:
    """(1797, 64) pixels in [0, 1], and (1797,) which digit it is."""
    data = load_digits()
    return torch.from_numpy(data.data).float() / 16, torch.from_numpy(data.target).long()


def digits(
    images: Tensor, names: Tensor, seq_len: int, batch_size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(T, B, 64/T) pixels in their order, and (B,) which digit it is."""
    chosen = torch.randint(0, len(images), (batch_size,), generator=generator)
    pixels = images[chosen].view(batch_size, seq_len, -1).transpose(0, 1)
    return pixels.contiguous(), names[chosen]
