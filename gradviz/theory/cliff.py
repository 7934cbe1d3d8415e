"""Pascanu's one-unit error surface, its wall, and gradient descent on it.

    x_t = w σ(x_{t−1}) + b,  x_0 = 0.5,  t = 1…50,  E = (σ(x_50) − 0.7)²

Along b* = x_0 − w σ(x_0) the state stays at x_0. Where w σ′(x_0) > 1, that is w > 4.26, this fixed
point repels: a little above b* the state ends high, a little below it ends low, and E has a wall
between them, 1e-4 wide at w = 5 (Pascanu, Mikolov & Bengio 2013, §2.3).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]

START, TARGET, TIMESTEPS = 0.5, 0.7, 50
"""x_0, what σ(x_50) should be, and how many timesteps."""

W_SPAN, B_SPAN = (4.0, 5.6), (-3.2, -1.7)
"""The part of the surface that is drawn; the wall crosses it."""

DENSER = 16.0
"""Rows of `surface` at the wall are sinh(16)/16 times denser than even ones: a wall of w = 5.5 is
1e-6 wide."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surface:
    """E on a grid whose middle row is the wall; all arrays (rows, columns)."""

    w: Doubles
    b: Doubles
    error: Doubles


@dataclass(frozen=True, kw_only=True, slots=True)
class Descent:
    """Gradient descent on E, n steps of it."""

    learning_rate: float
    clip_threshold: float | None
    points: Doubles
    """(n + 1, 2): (w, b), the start first."""
    errors: Doubles
    """(n + 1,)"""
    gradient_norms: Doubles
    """(n,) ‖∇E‖ before the clip, at the points that a step was taken from."""
    step_lengths: Doubles
    """(n,)"""
    ended: Literal["steps", "left", "not finite"]
    """Why it ended: all steps were taken, the last one left the picture, or was no number."""


def error(w: ArrayLike, b: ArrayLike) -> Doubles:
    """E at each (w, b), broadcast."""
    x, _, _ = _forward(np.asarray(w, float), np.asarray(b, float), np.tanh)
    return np.asarray((_sigmoid(x, np.tanh) - TARGET) ** 2)


def gradient(w: ArrayLike, b: ArrayLike) -> tuple[Doubles, Doubles]:
    """(∂E/∂w, ∂E/∂b) at each (w, b), broadcast."""
    of_w, of_b = _gradient(np.asarray(w, float), np.asarray(b, float), np.tanh)
    return np.asarray(of_w), np.asarray(of_b)


def wall(w: ArrayLike) -> Doubles:
    """b* at each w."""
    return np.asarray(START - np.asarray(w, float) * _sigmoid(START, math.tanh))


def steepest(w: float) -> float:
    """The b at which ‖∇E‖ is largest near the wall; it lies just below b*."""
    b = wall(w) - np.geomspace(0.1, 1e-9, 4001)
    return float(b[np.hypot(*gradient(w, b)).argmax()])


def surface(columns: int = 61, rows: int = 81) -> Surface:
    """E over the picture, in rows that follow the wall and crowd towards it.

    In each column, one w, b runs from the lower border to b* and on to the upper border; its
    distance from b* grows like a sinh. An even grid would step over the wall's foot.
    """
    half = rows // 2
    part = np.sinh(np.linspace(0, DENSER, half + 1)) / math.sinh(DENSER)
    w = np.linspace(*W_SPAN, columns)
    below = wall(w) - part[:0:-1, None] * (wall(w) - B_SPAN[0])
    above = wall(w) + part[:, None] * (B_SPAN[1] - wall(w))
    b = np.concatenate([below, above])
    return Surface(w=np.broadcast_to(w, b.shape), b=b, error=error(w, b))


def descend(
    start: tuple[float, float],
    learning_rate: float,
    clip_threshold: float | None,
    steps: int,
    noise: Doubles | None = None,
) -> Descent:
    """Gradient descent from a start, until it leaves the picture or all steps are taken.

    Args:
        start: (w, b).
        learning_rate: times the gradient is a step.
        clip_threshold: the longest gradient that is not shortened to it; None does not clip.
        steps: the most steps.
        noise: (steps, 2), added to the gradients as a batch's chance would; the norms include it.

    Raises:
        ValueError: for a rate or a threshold that is not above 0.
    """
    _above_zero("learning_rate", learning_rate)
    if clip_threshold is not None:
        _above_zero("clip_threshold", clip_threshold)
    w, b = start
    points, norms = [(w, b)], []
    for step in range(steps):
        of_w, of_b = _gradient(w, b, math.tanh)
        if noise is not None:
            of_w, of_b = of_w + float(noise[step, 0]), of_b + float(noise[step, 1])
        norm = math.hypot(of_w, of_b)
        over = clip_threshold is not None and norm > clip_threshold
        factor = learning_rate * (clip_threshold / norm if over and clip_threshold else 1.0)
        w, b = w - factor * of_w, b - factor * of_b
        points.append((w, b))
        norms.append(norm)
        if not is_drawn(w, b):
            break
    path = np.array(points)
    return Descent(
        learning_rate=learning_rate,
        clip_threshold=clip_threshold,
        points=path,
        errors=error(path[:, 0], path[:, 1]),
        gradient_norms=np.array(norms),
        step_lengths=np.hypot(*np.diff(path, axis=0).T),
        ended=_end(w, b),
    )


def is_drawn(w: float, b: float) -> bool:
    """Whether a point lies in the picture."""
    return W_SPAN[0] <= w <= W_SPAN[1] and B_SPAN[0] <= b <= B_SPAN[1]


def _end(w: float, b: float) -> Literal["steps", "left", "not finite"]:
    if not math.isfinite(w + b):
        return "not finite"
    return "steps" if is_drawn(w, b) else "left"


def _above_zero(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be above 0, got {value:g}.")


def _sigmoid(x: Any, tanh: Callable[[Any], Any]) -> Any:
    """σ(x), by a tanh: it cannot overflow."""
    return 0.5 * (1 + tanh(x / 2))


def _forward(w: Any, b: Any, tanh: Callable[[Any], Any]) -> tuple[Any, Any, Any]:
    """x_50, ∂x_50/∂w and ∂x_50/∂b, carried forward; of arrays or, much faster, of two numbers.

    ∂x_t/∂w = σ(x_{t−1}) + w σ′(x_{t−1}) ∂x_{t−1}/∂w; for b, 1 takes the place of σ(x_{t−1}).
    """
    x, of_w, of_b = START, 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(TIMESTEPS):
            squashed = _sigmoid(x, tanh)
            slope = w * squashed * (1 - squashed)
            x, of_w, of_b = w * squashed + b, squashed + slope * of_w, 1 + slope * of_b
    return x, of_w, of_b


def _gradient(w: Any, b: Any, tanh: Callable[[Any], Any]) -> tuple[Any, Any]:
    """(∂E/∂w, ∂E/∂b)."""
    x, of_w, of_b = _forward(w, b, tanh)
    squashed = _sigmoid(x, tanh)
    slope = 2 * (squashed - TARGET) * squashed * (1 - squashed)
    return slope * of_w, slope * of_b
