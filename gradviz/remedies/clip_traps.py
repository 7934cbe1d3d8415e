"""What a clip makes of gradients that hold one bad number: done, not told.

Four float32 gradients, one of them 1e20, inf or nan, are clipped by PyTorch's own functions,
by norm and by value, and adaptively. PyTorch's norm and what is left are noted, and what
gradviz says of the same gradients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch

from gradviz.remedies.clipping import ClipKind, clip_gradients

THRESHOLD = 1.0
WEIGHTS = ((1.0, 1.0), (1.0, 1.0))
BAD = {"one entry of 1e20": 1e20, "one inf": math.inf, "one nan": math.nan}
KINDS: tuple[ClipKind, ...] = ("norm", "value", "agc")

Outcome = Literal["finite", "all zero", "some nan", "all nan"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipTrap:
    """One bad gradient and one clip."""

    case: str
    """What is bad of it, in words."""
    kind: ClipKind
    before: tuple[float, ...]
    """The entries, float32."""
    reported: float
    """‖g‖₂ as PyTorch computes it, in float32."""
    norm: float
    """The same in float64, by gradviz."""
    after: tuple[float, ...]
    """The entries after the clip at THRESHOLD."""
    outcome: Outcome
    says: str
    """The kind of gradviz's Failure for such a step; empty for none."""


def clip_traps() -> list[ClipTrap]:
    """Each bad gradient, clipped in each way."""
    return [_clipped(case, bad, kind) for case, bad in BAD.items() for kind in KINDS]


def _clipped(case: str, bad: float, kind: ClipKind) -> ClipTrap:
    weight = torch.nn.Parameter(torch.tensor(WEIGHTS))
    weight.grad = torch.tensor([[0.3, bad], [-0.2, 0.1]])
    before = _entries(weight.grad)
    reported = float(torch.nn.utils.get_total_norm([weight.grad]))
    clipping = clip_gradients([weight], kind, THRESHOLD)
    after = _entries(weight.grad)
    return ClipTrap(
        case=case,
        kind=kind,
        before=before,
        reported=reported,
        norm=clipping.norm_pre,
        after=after,
        outcome=_outcome(after),
        says=clipping.culprit.kind if clipping.culprit else "",
    )


def _outcome(entries: tuple[float, ...]) -> Outcome:
    spoilt = sum(map(math.isnan, entries))
    if spoilt:
        return "all nan" if spoilt == len(entries) else "some nan"
    return "finite" if any(entries) else "all zero"


def _entries(gradient: torch.Tensor) -> tuple[float, ...]:
    return tuple(gradient.flatten().tolist())
