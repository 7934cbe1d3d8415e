"""Why a run met a number that is not finite: what grew in the steps before."""

from __future__ import annotations

import numpy as np

from gradviz.config import RecordedConfig, RunConfig
from gradviz.history import Failure, Floats, History
from gradviz.reading.phrases import number

LAST_STEPS = 10
"""Steps before a failure in which its cause is looked for."""

GREW = 100.0
"""A gradient, a norm or a loss that became so many times larger has grown."""


def failed(history: History, failure: Failure) -> list[str]:
    """At which step, in which tensor, and what came before."""
    # A recorder does not stop the loop that it looks at.
    stopped = "the run stopped" if history.last_step <= failure.step else "the run went on"
    if failure.kind == "norm overflow":
        first = (
            f"At step {failure.step} the gradient norm overflowed {history.config.dtype} (largest: "
            f"the {failure.tensor}): clip_grad_norm_ then sets every gradient to zero. "
            f"{stopped[0].upper()}{stopped[1:]}."
        )
    else:
        what = "infinite" if failure.kind == "inf" else "NaN"
        first = f"At step {failure.step} the {failure.tensor} became {what}; {stopped}."
    return [first, _cause(history, failure)]


def _cause(history: History, failure: Failure) -> str:
    """The likely cause, from what grew in the steps before."""
    remedy = _remedy(history.config)
    for column, noun, verdict in (
        ("grad_norm_pre", "gradient norm", "the gradient exploded"),
        ("loss", "loss", "the weights ran away"),
    ):
        values = _known(history.column(column, upto=failure.step))[-LAST_STEPS:]
        grown = _growth(values)
        if grown:
            steps, low, high = grown
            return (
                f"In {steps} steps the {noun} grew from {number(low)} to {number(high)}: "
                f"{verdict}. {remedy}"
            )
    if failure.step == 1:
        return f"It was the first step: the weights it began with are too large. {remedy}"
    return f"Neither the loss nor the gradient norm had grown before: it came at once. {remedy}"


def _growth(values: Floats) -> tuple[int, float, float] | None:
    """Steps, least and greatest of the last rise by GREW or more; None without one."""
    if len(values) < 2:
        return None
    peak = int(values.argmax())
    low = peak - int(values[peak::-1].argmin())
    if peak == low or not values[peak] > GREW * values[low]:
        return None
    return peak - low, float(values[low]), float(values[peak])


def _remedy(config: RunConfig | RecordedConfig) -> str:
    drawn = isinstance(config, RunConfig) and config.recurrent_init != "default"
    gain = " or gain" if drawn else ""
    clip = "Try" if config.clip in ("norm", "own") else "clip by norm, or try"
    return f"{clip[0].upper()}{clip[1:]} a smaller learning rate{gain}."


def _known(values: Floats) -> Floats:
    return values[np.isfinite(values) & (values > 0)]
