"""What PyTorch and NumPy name differently, for products that serve both.

A product of all timesteps is PyTorch's; one timestep of a scan is NumPy's, whose small
operations start in 0.5 µs where PyTorch's take 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def plus_product(value: Tensor, one: Tensor, two: Tensor) -> Tensor:
    """Value + one ⊙ two."""
    return torch.addcmul(value, one, two) if isinstance(value, Tensor) else value + one * two


def masked(value: Tensor, mask: Tensor | None) -> Tensor:
    """Value ⊙ mask, where there is one."""
    return value if mask is None else value * mask


def joined(parts: Sequence[Tensor]) -> Tensor:
    """Side by side along the last axis, in fresh memory."""
    if isinstance(parts[0], Tensor):
        return torch.cat(tuple(parts), -1)
    return np.concatenate(parts, -1)


def chosen(condition: Tensor, yes: Tensor, no: Tensor | float) -> Tensor:
    """Of two, entry by entry."""
    if isinstance(condition, Tensor):
        return torch.where(condition, yes, no)
    return np.where(condition, yes, no)


def mean(values: Tensor) -> Tensor:
    """Over the last axis, which stays with size 1."""
    if isinstance(values, Tensor):
        return values.mean(-1, keepdim=True)
    # NumPy's own mean starts in three times as long.
    return np.add.reduce(values, -1, keepdims=True) / values.shape[-1]
