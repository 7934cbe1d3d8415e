"""History → plain words: what the pictures show, made only from what was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gradviz.history import Failure, Frame, History

Level = Literal["info", "ok", "warning", "error"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One or two sentences and how serious they are."""

    sentences: list[str]
    level: Level


def read(history: History, step: int | None = None) -> Reading:
    """Say what is seen at a step; None is the newest."""
    if history.failure and (step is None or step >= history.failure.step):
        return Reading(sentences=_failed(history, history.failure), level="error")
    frame = history.frame_at(step)
    if frame is None:
        return Reading(sentences=["Nothing has been measured yet."], level="info")
    reach, short = _reach(history, frame)
    learned, level = _learned(history, frame.step)
    if level == "info" and short:
        level = "warning"
    return Reading(sentences=[*reach, *learned], level=level)


def _reach(history: History, frame: Frame) -> tuple[list[str], bool]:
    """How far back the state carries a gradient, by the top layer's horizon."""
    layer = frame.layers[list(frame.layers)[-1]]
    if layer.gradient_horizon is None or layer.transport_log10 is None:
        return [], False
    horizon = float(np.median(layer.gradient_horizon))
    length = history.config.timesteps
    first = float(np.median(layer.transport_log10[0]))
    if math.isinf(horizon):
        if first > 2:
            return [
                f"Gradients grow on their way back: over {length - 1} timesteps "
                f"by a factor of about 1e{first:.0f}."
            ], True
        return [f"Gradients reach all {length} timesteps back to the first input."], False
    sentence = (
        f"Gradients reach {horizon:.0f} timestep{'s' if horizon != 1 else ''} back; the first "
        f"input is {length - 1 - horizon:.0f} further."
    )
    if first > 0:
        return [sentence + " Further back they grow again."], True
    return [sentence], horizon < length / 2


def _learned(history: History, step: int) -> tuple[list[str], Level]:
    """Where the loss stands against the floor of having learned nothing."""
    losses = history.column("loss", upto=step)
    if history.floor is None or len(losses) < 20:
        return [], "info"
    recent = float(np.mean(losses[-20:]))
    if recent < 0.1 * history.floor:
        return [
            f"The loss is {recent:.2g}, far below the {history.floor:.2g} of a network that "
            "learned nothing."
        ], "ok"
    if recent < 0.8 * history.floor:
        return [
            f"The loss is {recent:.2g}; a network that learned nothing has {history.floor:.2g}."
        ], "info"
    return [
        f"The loss is {recent:.2g}, still about the {history.floor:.2g} of a network that "
        "learned nothing."
    ], "info"


def _failed(history: History, failure: Failure) -> list[str]:
    norms = history.column("grad_norm_pre", upto=failure.step)
    norms = norms[np.isfinite(norms)]
    if failure.kind == "norm overflow":
        return [
            f"At step {failure.step} the gradient norm overflowed float32 (largest in "
            f"{failure.tensor}): clip_grad_norm_ then sets every gradient to zero. A lower "
            "learning rate or gain keeps the norm finite."
        ]
    what = "infinite" if failure.kind == "inf" else "NaN"
    first = f"At step {failure.step} the {failure.tensor} became {what}; the run stopped."
    if len(norms) >= 2 and norms[-10:].max() > 100 * max(float(np.median(norms)), 1e-300):
        peak = float(norms[-10:].max())
        cause = (
            f"The gradient norm had grown to {peak:.2g} (median {np.median(norms):.2g}): the "
            "gradient exploded. A clip by norm, or a smaller gain or learning rate, prevents it."
        )
    else:
        cause = (
            "The gradient norm had not grown much before: the learning rate is the likely "
            "cause; try a smaller one."
        )
    return [first, cause]
