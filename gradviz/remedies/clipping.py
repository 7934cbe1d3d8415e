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
from typing import Literal, NamedTuple

import torch


class Culprit(NamedTuple):
    """The first gradient that spoils the step."""

    position: int
    """In the list of parameters given."""
    kind: Literal["nan", "inf", "norm overflow"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Clipping:
    """What a clip did to all gradients together."""

    norm_pre: float
    """‖g‖₂ before, in float64; nan or inf only where an entry is."""
    norm_post: float
    clipped: bool
    culprit: Culprit | None = None
    """Set where an entry is nan or inf, or where PyTorch's norm overflowed: then the
    gradients, all finite before, are all zero now, and the culprit is the largest of them."""


def clip_gradients(
    parameters: Sequence[torch.nn.Parameter],
    kind: Literal["none", "norm", "value"],
    threshold: float,
) -> Clipping:
    """Clip the gradients of `parameters` in place; a parameter without one is left alone."""
    gradients = [each.grad for each in parameters if each.grad is not None]
    norm_pre = total_norm(gradients)
    # Looked for before the clip, which spreads a nan to every gradient.
    culprit = None if math.isfinite(norm_pre) else find_non_finite(parameters, gradient=True)
    if kind == "none" or not gradients:
        return Clipping(norm_pre=norm_pre, norm_post=norm_pre, clipped=False, culprit=culprit)
    largest = torch.nn.utils.get_total_norm(gradients, 2.0 if kind == "norm" else math.inf)
    if kind == "value":
        torch.nn.utils.clip_grad_value_(parameters, threshold)
        clipped = float(largest) > threshold
        norm_post = total_norm(gradients) if clipped else norm_pre
    else:
        if culprit is None and not math.isfinite(float(largest)):
            culprit = Culprit(_largest_gradient(parameters), "norm overflow")
        torch.nn.utils.clip_grads_with_norm_(parameters, threshold, largest)
        # PyTorch's own factor; its 1e-6 shrinks also a gradient just below the threshold.
        factor = threshold / (float(largest) + 1e-6)
        clipped = factor < 1
        norm_post = norm_pre * factor if clipped else norm_pre
    return Clipping(norm_pre=norm_pre, norm_post=norm_post, clipped=clipped, culprit=culprit)


def find_non_finite(
    parameters: Sequence[torch.nn.Parameter], *, gradient: bool = False
) -> Culprit | None:
    """The first of the parameters, or of their gradients, that holds a nan or an inf."""
    for index, parameter in enumerate(parameters):
        tensor = parameter.grad if gradient else parameter.detach()
        if tensor is not None and not bool(torch.isfinite(tensor).all()):
            return Culprit(index, "nan" if bool(torch.isnan(tensor).any()) else "inf")
    return None


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


def _largest_gradient(parameters: Sequence[torch.nn.Parameter]) -> int:
    norms = [0.0 if each.grad is None else total_norm([each.grad]) for each in parameters]
    return norms.index(max(norms))
