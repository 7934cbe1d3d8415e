"""The Lorenz system."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Point = tuple[float, ...]


def slope(point: Point) -> Point:
    """dx/dt = 10(y − x), dy/dt = x(28 − z) − y, dz/dt = xy − 8/3 z (Lorenz 1963)."""
    x, y, z = point
    return 10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z


def moved(point: Point, along: Point, step: float) -> Point:
    """Point + step · along."""
    return tuple(each + step * part for each, part in zip(point, along, strict=True))


def after(point: Point, step: float) -> Point:
    """One step of the classical Runge–Kutta method."""
    one = slope(point)
    two = slope(moved(point, one, step / 2))
    three = slope(moved(point, two, step / 2))
    four = slope(moved(point, three, step))
    slopes = (a + 2 * b + 2 * c + d for a, b, c, d in zip(one, two, three, four, strict=True))
    return moved(point, tuple(slopes), step / 6)


def lorenz() -> NDArray[np.float64]:
    """(2000, 3): x, y, z at times 0.05 apart, once it is on the attractor."""
    point: Point = (1.0, 1.0, 1.0)
    rows: list[Point] = []
    for _ in range(2400):
        for _ in range(10):
            point = after(point, 0.005)
        rows.append(point)
    return np.array(rows[400:])


def normalised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each column with mean 0 and variance 1."""
    centred = values - values.mean(axis=0)
    normal: NDArray[np.float64] = centred / centred.std(axis=0)
    return normal


def series_of(values: NDArray[np.float64]) -> Tensor:
    """The same in float32."""
    return torch.tensor(values, dtype=torch.float32)
