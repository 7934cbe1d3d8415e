"""Noise in the recurrence: what is drawn at random."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

NOISE = torch.Generator()
"""Of masks in the recurrence; those of dropout are of PyTorch's own."""


def noise_seed(seed: int, step: int) -> int:
    """Of its own for every step, so that no step's masks depend on what was drawn before."""
    return int(np.random.SeedSequence((seed, step, 3)).generate_state(1)[0])


def mask(share: float, shape: Sequence[int], like: Tensor) -> Tensor:
    """0 for so large a share, and otherwise 1/(1 − share)."""
    return torch.rand(shape, generator=NOISE).ge(share).to(like) / (1 - share)


def chosen(share: float, shape: Sequence[int]) -> Tensor:
    """True for so large a share."""
    return torch.rand(shape, generator=NOISE) < share
