"""Gradient clipping, by norm, by value or adaptively, and what it did.

By norm (Pascanu, Mikolov & Bengio 2013, §3.2): g ← g · min(1, threshold / ‖g‖), which
keeps the direction. By value: every entry is cut to ±threshold, which turns it.
Both are `torch.nn.utils`' own; here the norms before and after are measured exactly,
because PyTorch computes its norm in the gradients' own precision: in float32 an entry
of 1e20 has an infinite square, and the clip then makes *every* gradient zero silently.
Adaptively: see `adaptive_clipping`; it turns the gradient, since each unit has its own factor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import torch

from gradviz.remedies.adaptive_clipping import clip_adaptively
from gradviz.remedies.norms import angle_between, total_norm

ClipKind = Literal["none", "norm", "value", "agc"]


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
    angle: float = 0.0
    """Degrees between the gradient before and after, of all parameters together, in float64:
    exactly 0 where nothing was clipped and for a clip by norm; nan where there is a culprit."""
    culprit: Culprit | None = None
    """Set where an entry is nan or inf, or where PyTorch's norm overflowed: then the
    gradients, all finite before, are all zero now, and the culprit is the largest of them."""


def clip_gradients(
    parameters: Sequence[torch.nn.Parameter],
    kind: ClipKind,
    threshold: float,
    *,
    exempt: Sequence[torch.nn.Parameter] = (),
) -> Clipping:
    """Clip the gradients of `parameters` in place; a parameter without one is left alone.

    Args:
        parameters: all of the model's.
        kind: "none"; "norm"; "value"; "agc", adaptively.
        threshold: largest norm or entry; of "agc" the λ of its paper.
        exempt: parameters that "agc" leaves alone: those of the last linear layer, as in the
            paper. The other kinds clip all.
    """
    given = [each for each in parameters if each.grad is not None]
    gradients = [each.grad for each in given if each.grad is not None]
    norm_pre = total_norm(gradients)
    # Looked for before the clip, which spreads a nan to every gradient.
    culprit = None if math.isfinite(norm_pre) else find_non_finite(parameters, gradient=True)
    clipping = Clipping(
        norm_pre=norm_pre,
        norm_post=norm_pre,
        clipped=False,
        angle=math.nan if culprit else 0.0,
        culprit=culprit,
    )
    if kind == "none" or not gradients:
        return clipping
    if kind == "norm":
        return _by_norm(clipping, parameters, gradients, threshold)
    if kind == "value":
        return _by_value(clipping, parameters, gradients, threshold)
    return _adaptively(clipping, given, threshold, exempt)


def _by_norm(
    found: Clipping,
    parameters: Sequence[torch.nn.Parameter],
    gradients: list[torch.Tensor],
    threshold: float,
) -> Clipping:
    norm = torch.nn.utils.get_total_norm(gradients)
    if found.culprit is None and not math.isfinite(float(norm)):
        culprit = Culprit(_largest_gradient(parameters), "norm overflow")
        found = replace(found, angle=math.nan, culprit=culprit)
    torch.nn.utils.clip_grads_with_norm_(parameters, threshold, norm)
    # PyTorch's own factor; its 1e-6 shrinks also a gradient just below the threshold.
    factor = threshold / (float(norm) + 1e-6)
    if not factor < 1:
        return found
    return replace(found, norm_post=found.norm_pre * factor, clipped=True)


def _by_value(
    found: Clipping,
    parameters: Sequence[torch.nn.Parameter],
    gradients: list[torch.Tensor],
    threshold: float,
) -> Clipping:
    clipped = float(torch.nn.utils.get_total_norm(gradients, math.inf)) > threshold
    # As one vector: a dozen small operations a parameter would be a tenth of a step.
    before = _flat(gradients) if clipped else None
    torch.nn.utils.clip_grad_value_(parameters, threshold)
    if before is None:
        return found
    angle = angle_between([before], [_flat(gradients)])
    return replace(found, norm_post=total_norm(gradients), clipped=True, angle=angle)


def _adaptively(
    found: Clipping,
    parameters: Sequence[torch.nn.Parameter],
    ratio: float,
    exempt: Sequence[torch.nn.Parameter],
) -> Clipping:
    before, after = clip_adaptively(parameters, ratio, exempt=exempt)
    if not bool((after < before).any()):
        return found
    # Each unit's gradient keeps its direction, so the angle is that between the norms.
    angle = angle_between([before], [after])
    return replace(found, norm_post=total_norm([after]), clipped=True, angle=angle)


def _flat(tensors: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat([each.flatten() for each in tensors])


def find_non_finite(
    parameters: Sequence[torch.nn.Parameter], *, gradient: bool = False
) -> Culprit | None:
    """The first of the parameters, or of their gradients, that holds a nan or an inf."""
    for index, parameter in enumerate(parameters):
        tensor = parameter.grad if gradient else parameter.detach()
        if tensor is not None and not bool(torch.isfinite(tensor).all()):
            return Culprit(index, "nan" if bool(torch.isnan(tensor).any()) else "inf")
    return None


def _largest_gradient(parameters: Sequence[torch.nn.Parameter]) -> int:
    norms = [0.0 if each.grad is None else total_norm([each.grad]) for each in parameters]
    return norms.index(max(norms))
