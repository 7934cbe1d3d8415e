"""What two descents on the one-unit error surface did, in words, from their own numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gradviz.reading.phrases import Level, Reading, number
from gradviz.theory.cliff import Descent

STEEP = 10.0
"""A gradient of more is one of the wall: beside it they are below 1."""

LOW = 0.01
"""An error below this is low: far from the wall E is 0.05…0.5."""


def read_cliff(descents: Sequence[Descent]) -> Reading:
    """Of each descent its steepest place, the longest step and where it ended: a sentence each."""
    walked = [each for each in descents if len(each.step_lengths)]
    if not walked:
        return Reading(sentences=["Click a start: nothing has gone down yet."], level="info")
    return Reading(sentences=[_told(each) for each in walked], level=_level(walked))


def _level(walked: Sequence[Descent]) -> Level:
    gone = [each.ended != "steps" for each in walked]
    if all(gone):
        return "error"
    if any(gone):
        return "warning"
    return "ok" if all(each.errors[-1] < LOW for each in walked) else "info"


def _told(each: Descent) -> str:
    """The steepest gradient met, the step taken there, and the end."""
    steepest = int(each.gradient_norms.argmax())
    norm, length = float(each.gradient_norms[steepest]), float(each.step_lengths[steepest])
    who = _who(each.clip_threshold, norm)
    where = "at the wall" if norm > STEEP else "where it is steepest"
    met = f"{who}: {where} the gradient is {_finite(norm)} and the step {_finite(length)} long"
    return f"{met}; {_end(each)}."


def _who(threshold: float | None, largest: float) -> str:
    if threshold is None:
        return "Not clipped"
    if largest <= threshold:
        return f"Never above the clip threshold of {threshold:g}"
    return f"Clipped at {threshold:g}"


def _end(each: Descent) -> str:
    steps = len(each.step_lengths)
    when = f"step {steps:,}"
    if each.ended == "not finite":
        return f"{when} is no finite number any more"
    w, b = each.points[-1]
    if each.ended == "left":
        return f"{when} lands at w = {_finite(w)}, b = {_finite(b)}, outside the picture"
    taken = f"{steps:,} step{'' if steps == 1 else 's'}"
    return f"after {taken} the error is {number(float(each.errors[-1]))}"


def _finite(value: float) -> str:
    """The number, or that it is none."""
    if math.isnan(value):
        return "NaN"
    return number(float(value)) if math.isfinite(value) else "∞"
