"""The largest eigenvalue of many small positive semidefinite matrices, by repeated squaring.

With a trace of 1, λ₁ lies between tr M² and its root; squaring M squares what is between.
No vectors, no randomness, and every step is one product of matrices.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

SMALL = 72
"""Rows up to which it is faster than Lanczos."""

ZERO = 1e-30
"""A trace this small is zero."""


def largest_by_squares(matrices: Tensor, tolerance: float) -> Tensor:
    """(M,) float64, from (M, K, K); nan where not finite.

    Args:
        matrices: symmetric, no eigenvalue negative.
        tolerance: relative error of its root.
    """
    trace = matrices.diagonal(dim1=-2, dim2=-1).sum(-1).clamp_min(ZERO)
    power, exponent = matrices / trace[:, None, None], 1.0
    log = trace.double().log()
    while True:
        square = torch.linalg.vector_norm(power.flatten(1), dim=1).square().clamp_min(ZERO)
        # Half the distance between the ends, of the root of λ₁.
        spread = -square.double().log() / exponent
        if not bool((spread > 8 * math.log1p(tolerance)).any()):
            # The middle of the two ends.
            found: Tensor = (log + 0.75 * square.double().log() / exponent).exp()
            return found
        log = log + 0.5 * square.double().log() / exponent
        power, exponent = (power @ power).div_(square[:, None, None]), 2 * exponent
