"""Squashing of many timesteps at once, in place.

Fresh memory costs more than arithmetic here: a replay of T = 200 timesteps took half its
time for pages it touched for the first time.
"""

from __future__ import annotations

import torch
from torch import Tensor


def squash_gates_(gates: Tensor, candidate: Tensor) -> None:
    """In place: σ of all gates but the candidate, a part of them, which gets tanh.

    In float32 in one pass over all of them; see `tanh_`.
    """
    if gates.dtype == torch.float32:
        candidate.mul_(2)
        gates.sigmoid_()
        candidate.mul_(2).sub_(1)
        return
    squashed = candidate.tanh()
    gates.sigmoid_()
    candidate.copy_(squashed)


def tanh_(values: Tensor) -> Tensor:
    """In place: tanh.

    In float32 by the logistic function, for torch's own takes four times as long and was an
    eighth of an LSTM's replay; right to 1e-7 of 1, not of the value.
    """
    if values.dtype != torch.float32:
        return values.tanh_()
    return values.mul_(2).sigmoid_().mul_(2).sub_(1)


def logistic_slope(values: Tensor, out: Tensor | None = None) -> Tensor:
    """σ′ = σ − σ² from σ, in one pass."""
    return torch.addcmul(values, values, values, value=-1, out=out)


def tanh_slope(values: Tensor) -> Tensor:
    """tanh′ = 1 − tanh² from tanh."""
    return (values * values).neg_().add_(1)
