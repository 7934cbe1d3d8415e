"""Gradient clipping, by norm or by value, and what it did.

By norm (Pascanu, Mikolov & Bengio 2013, §3.2): g ← g · min(1, threshold / ‖g‖), which
keeps the direction. By value: every entry is cut to ±threshold, which turns it.
Both are `torch.nn.utils`' own; here the norms before and after are measured exactly,
because PyTorch computes its norm in the gradients' own precision: in float32 an entry
of 1e20 has an infinite square, and the clip then makes *every* gradient zero silently.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class Clipping:
    """What a clip did to all gradients together."""

    norm_pre: float
    """‖g‖₂ before, in float64; nan or inf only where an entry is."""
    norm_post: float
    clipped: bool
    overflowed: bool = False
    """Every entry was finite but PyTorch's own norm was not, so the gradients are now zero."""


def clip_gradients(
    parameters: Sequence[torch.nn.Parameter],
    kind: Literal["none", "norm", "value"],
    threshold: float,
) -> Clipping:
    """Clip the gradients of `parameters` in place; those without a gradient are left out."""
    gradients = [each.grad for each in parameters if each.grad is not None]
    norm = total_norm(gradients)
    if kind == "none" or not gradients:
        return Clipping(norm_pre=norm, norm_post=norm, clipped=False)
    if kind == "norm":
        largest = torch.nn.utils.clip_grad_norm_(parameters, threshold)
        # The 1e-6 is PyTorch's own: it shrinks also a gradient just below the threshold.
        clipped = bool(threshold / (largest + 1e-6) < 1)
    else:
        largest = torch.nn.utils.get_total_norm(gradients, math.inf)
        clipped = bool(largest > threshold)
        torch.nn.utils.clip_grad_value_(parameters, threshold)
    unclipped = not clipped and math.isfinite(norm)
    return Clipping(
        norm_pre=norm,
        norm_post=norm if unclipped else total_norm(gradients),
        clipped=clipped,
        overflowed=math.isfinite(norm) and not math.isfinite(float(largest)),
    )


def total_norm(tensors: Sequence[torch.Tensor]) -> float:
    """‖·‖₂ of all entries together, in float64; 0 for no tensors.

    float32 entries of 1e20 or 1e-25 are squared without over- or underflow.
    """
    if not tensors:
        return 0.0
    norm = _norm(tensors)
    if math.isinf(norm):
        # float64 entries above 1e154 have infinite squares too.
        scale = max(float(torch.linalg.vector_norm(each, math.inf)) for each in tensors)
        if math.isfinite(scale):
            return scale * _norm([each / scale for each in tensors])
    return norm


def _norm(tensors: Sequence[torch.Tensor]) -> float:
    norms = [torch.linalg.vector_norm(each, dtype=torch.float64) for each in tensors]
    return float(torch.linalg.vector_norm(torch.stack(norms)))
