"""Outcome: what came of one run, in a dozen numbers.

Horizons and Jacobians are of the top layer that reads forward.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gradviz.history.history import History
from gradviz.history.records import Frame

RECENT = 20
"""Steps whose mean loss is compared with the floor: one batch's loss says little."""

SOLVED = 0.1
"""A task counts as solved once the mean loss of RECENT steps is below this share of its floor."""

NEAR_ONE = (0.9, 1.1)
"""A step Jacobian whose norm lies here neither shrinks nor grows a gradient by much."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """Of one run, through its newest step."""

    steps: int
    """Taken."""
    first_lag: int | None
    """Timesteps back to the first input, T − 1; None where nothing was measured."""
    horizon_at_first: float | None
    """Gradient horizon of the middle probe at the first measured step, in timesteps back; inf
    where a gradient reaches the first input."""
    horizon: float | None
    """Likewise at the last."""
    near_one: float | None
    """Share of timesteps and probes with ‖J_t‖₂ in NEAR_ONE, at the last measured step."""
    loss: float | None
    """Mean of the last RECENT steps, or of all where there are fewer; None after a failure."""
    floor: float | None
    held_out: float | None
    """Loss on data that are not trained on, when it was last taken; None where there are none."""
    solved_at: int | None
    """The step at which the task was solved, by SOLVED."""
    failed_at: int | None
    """The step whose loss, gradients or weights were not finite."""
    step_ms: float | None = None
    """CPU time of a step that is not measured, in milliseconds; None where it is not known."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values; an infinite horizon is the text "inf", for JSON has none."""
        return {name: "inf" if value == math.inf else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Outcome:
        """Of `to_dict`'s values.

        Raises:
            TypeError: for other names.
        """
        given: dict[str, Any] = {
            name: math.inf if value == "inf" else value for name, value in values.items()
        }
        return cls(**given)


def outcome_of(history: History, *, step_ms: float | None = None) -> Outcome:
    """Of a run so far.

    Args:
        history: of the run.
        step_ms: what an unmeasured step takes, if the one who asks knows.
    """
    frames = history.frames
    return Outcome(
        steps=history.last_step,
        first_lag=len(frames[0].top_layer.hidden_grad_log10) - 1 if frames else None,
        horizon_at_first=_horizon(frames),
        horizon=_horizon(reversed(frames)),
        near_one=_near_one(frames),
        loss=_loss(history),
        floor=history.floor,
        held_out=_held_out(history),
        solved_at=solved_at(history),
        failed_at=history.failure.step if history.failure else None,
        step_ms=step_ms,
    )


def solved_at(history: History, step: int | None = None) -> int | None:
    """The first step whose last RECENT losses are below SOLVED · floor on average; None so far."""
    losses = history.column("loss", upto=step)
    if not history.floor or len(losses) < RECENT:
        return None
    losses = np.where(np.isfinite(losses), losses, np.inf)
    means = np.convolve(losses, np.full(RECENT, 1 / RECENT), "valid")
    below = np.flatnonzero(means < SOLVED * history.floor)
    return int(history.column("step")[below[0] + RECENT - 1]) if len(below) else None


def _horizon(frames: Iterable[Frame]) -> float | None:
    """Of the first of them in which it was measured."""
    horizons = (frame.top_layer.horizon for frame in frames if frame.layers)
    return next((each for each in horizons if not math.isnan(each)), None)


def _near_one(frames: list[Frame]) -> float | None:
    for frame in reversed(frames):
        norms = frame.top_layer.jacobian_norm
        if norms is not None and np.isfinite(norms).any():
            known = norms[np.isfinite(norms)]
            return float(((known >= NEAR_ONE[0]) & (known <= NEAR_ONE[1])).mean())
    return None


def _held_out(history: History) -> float | None:
    known = history.held_out()
    return float(known[-1, 1]) if len(known) else None


def _loss(history: History) -> float | None:
    losses = history.column("loss")[-RECENT:]
    return float(losses.mean()) if len(losses) and np.isfinite(losses).all() else None
