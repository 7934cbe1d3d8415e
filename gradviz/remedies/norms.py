"""Norms and angles of all gradients together, in float64 whatever the gradients' own precision."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch


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


def angle_between(before: Sequence[torch.Tensor], after: Sequence[torch.Tensor]) -> float:
    """Degrees between two lists of tensors, each list one vector; nan for no direction.

    2·atan2(|a − b|, |a + b|) of the unit vectors a, b (Kahan), which is exact near 0°. A norm
    that is 0 or not finite has none.
    """
    sizes = total_norm(before), total_norm(after)
    if not (all(sizes) and all(map(math.isfinite, sizes))):
        return math.nan
    units = [
        (one.double() / sizes[0], other.double() / sizes[1])
        for one, other in zip(before, after, strict=True)
    ]
    apart, along = total_norm([a - b for a, b in units]), total_norm([a + b for a, b in units])
    return math.degrees(2 * math.atan2(apart, along))


def _norm(tensors: Sequence[torch.Tensor]) -> float:
    norms = [torch.linalg.vector_norm(each, dtype=torch.float64) for each in tensors]
    return float(torch.linalg.vector_norm(torch.stack(norms)))
