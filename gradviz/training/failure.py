"""The first number of a step that is not finite: of the loss, the gradients, the weights."""

from __future__ import annotations

import math

from gradviz.history import Failure, FailureKind
from gradviz.remedies import Culprit, find_non_finite
from gradviz.training.update import Update

HUGE_GRADIENT = 1e20
"""No weight of float32's range (3e38) can overflow within a run before a gradient is this large:
a step is at most the learning rate (≤ 100) times what momentum gathers of such gradients."""


def failure_of(
    step: int, loss: float, culprit: Culprit | None, update: Update, *, weights_too: bool
) -> Failure | None:
    """Of a step just taken; None where all is finite.

    Args:
        step: its number.
        loss: of it.
        culprit: the gradient that spoiled it.
        update: that took it.
        weights_too: whether to look at every weight, which costs up to 2 % of a step.
    """
    if not math.isfinite(loss):
        kind: FailureKind = "nan" if math.isnan(loss) else "inf"
        return Failure(step=step, tensor="loss", kind=kind)
    source = "gradient of"
    if culprit is None and weights_too:
        source, culprit = "weight", find_non_finite(update.parameters)
    if culprit is None:
        return None
    name = update.names[culprit.position]
    return Failure(step=step, tensor=f"{source} {name}", kind=culprit.kind)
