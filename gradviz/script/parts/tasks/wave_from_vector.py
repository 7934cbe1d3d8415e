"""Wave from a vector."""

import math

import torch
from torch import Tensor

SLOWEST = 1 / 24
FASTEST = 1 / 12
"""Cycles a timestep."""


def wave_from_vector(
    seq_len: int, batch_size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(T, B, 2) frequency and phase at t = 1, nothing later, and (T, B, 1) that sine wave."""
    vector = 2 * torch.rand(batch_size, 2, generator=generator) - 1
    inputs = torch.zeros(seq_len, batch_size, 2)
    inputs[0] = vector
    frequency = (SLOWEST + FASTEST) / 2 + (FASTEST - SLOWEST) / 2 * vector[:, 0]
    turns = torch.arange(seq_len)[:, None] * frequency + vector[:, 1] / 2
    return inputs, torch.sin(2 * math.pi * turns)[..., None]
