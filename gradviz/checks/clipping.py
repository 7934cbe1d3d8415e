"""Clipping by norm and by value, and the gradients that break it."""

from __future__ import annotations

import math
from functools import partial
from typing import Literal

import torch

from gradviz.checks.check import Check
from gradviz.checks.expectation import Near, Says, in_words
from gradviz.flow import ParameterFlow
from gradviz.remedies import Clipping, clip_gradients


def _parameter(*entries: float, dtype: torch.dtype = torch.float64) -> torch.nn.Parameter:
    """One with these entries as its gradient."""
    gradient = torch.tensor(entries, dtype=dtype)
    parameter = torch.nn.Parameter(torch.zeros_like(gradient))
    parameter.grad = gradient
    return parameter


def _clipped(*entries: float, dtype: torch.dtype = torch.float64) -> Clipping:
    """By norm, threshold 1."""
    return clip_gradients([_parameter(*entries, dtype=dtype)], "norm", 1.0)


def _angle(kind: Literal["norm", "value"]) -> float:
    """Degrees by which a clip at 1 turns (0.9, 100)."""
    parameter, flow = _parameter(0.9, 100.0), ParameterFlow()
    flow.note("weight", parameter)
    clip_gradients([parameter], kind, 1.0)
    return flow.clip_angle


def _unchanged() -> str:
    """Whether a gradient below the threshold is the same afterwards, bit for bit."""
    entries = torch.tensor([0.1, -0.3, 1e-30, 0.7])
    parameter = torch.nn.Parameter(torch.zeros(4))
    parameter.grad = entries.clone()
    clip_gradients([parameter], "norm", 1.0)
    return "unchanged" if torch.equal(parameter.grad, entries) else "changed"


def _largest_after_overflow() -> float:
    """The largest entry that PyTorch's own clip leaves of a float32 gradient of 1e20."""
    parameter = _parameter(1.0, 1e20, dtype=torch.float32)
    torch.nn.utils.clip_grad_norm_([parameter], 1.0)
    assert parameter.grad is not None
    return float(parameter.grad.abs().max())


def _culprit(*entries: float) -> str:
    """What gradviz says of a float32 gradient."""
    culprit = _clipped(*entries, dtype=torch.float32).culprit
    return culprit.kind if culprit else "nothing"


CHECKS = (
    Check(
        name="clip_pre",
        title="Norm before the clip of g = (3, 4).",
        source="√(3² + 4²)",
        expects=Near(5.0),
        measure=lambda: _clipped(3.0, 4.0).norm_pre,
    ),
    Check(
        name="clip_post",
        title="Norm after clipping g = (3, 4) at 1.",
        source="5/(5 + 1e-6); PyTorch's clip_grad_norm_",
        expects=Near(0.9999998, absolute=1e-10),
        measure=lambda: _clipped(3.0, 4.0).norm_post,
    ),
    Check(
        name="clip_below",
        title="A gradient below the threshold, bit for bit.",
        source="Pascanu, Mikolov & Bengio 2013, §3.2",
        expects=Says("unchanged"),
        measure=_unchanged,
    ),
    Check(
        name="clip_by_value_turns",
        title="Degrees by which clipping (0.9, 100) at 1 by value turns it.",
        source="arctan; a trap",
        expects=Near(
            math.degrees(math.atan2(100, 0.9) - math.atan2(1, 0.9)),
            absolute=1e-9,
        ),
        measure=partial(_angle, "value"),
    ),
    Check(
        name="clip_by_norm_keeps",
        title="Degrees by which clipping (0.9, 100) at 1 by norm turns it.",
        source="Pascanu, Mikolov & Bengio 2013, §3.2",
        expects=Near(0.0, absolute=1e-9),
        measure=partial(_angle, "norm"),
    ),
    Check(
        name="clip_overflow_trap",
        title="Largest entry that PyTorch's clip leaves of a float32 gradient of (1, 1e20): its "
        "norm is infinite, so all become zero silently.",
        source="clip_grad_norm_ in float32; a trap",
        expects=Near(0.0),
        measure=_largest_after_overflow,
    ),
    Check(
        name="clip_overflow_norm",
        title="Norm of that gradient by gradviz.",
        source="√(1² + 1e20²)",
        expects=Near(1e20, relative=1e-6),
        measure=lambda: _clipped(1.0, 1e20, dtype=torch.float32).norm_pre,
    ),
    *(
        Check(
            name=f"clip_names_{kind.replace(' ', '_')}",
            title=f"What gradviz says of a gradient of (1, {in_words(entry)}) that it clips.",
            source="gradviz.remedies.clip_gradients",
            expects=Says(kind),
            measure=partial(_culprit, 1.0, entry),
        )
        for kind, entry in {"norm overflow": 1e20, "inf": math.inf, "nan": math.nan}.items()
    ),
)
