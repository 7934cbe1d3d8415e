"""The Jacobians of all timesteps as a cell linearises them: cast, cut, taken apart.

Index legend: T timesteps, B recorded sequences, Q ≤ B probes, H hidden size.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from gradviz.cells import Linearisation


def double(steps: Linearisation) -> Linearisation:
    """The same in float64."""
    return _changed(steps, {name: each.double() for name, each in vars(steps).items()})


def probed(steps: Linearisation, probes: int | None) -> Linearisation:
    """Of the first so many sequences only."""
    return _changed(steps, {name: each[:, :probes] for name, each in _multipliers(steps).items()})


def spread(steps: Linearisation) -> Linearisation:
    """Multipliers (T, B, 1, …, H), for products with many vectors a sequence, (…, B, many, H)."""
    return _changed(steps, {name: each.unsqueeze(2) for name, each in _multipliers(steps).items()})


def at(steps: Linearisation, index: int) -> Linearisation:
    """Of one timestep, a row of the time axis."""
    return _changed(steps, {name: each[index] for name, each in _multipliers(steps).items()})


def each_timestep(steps: Linearisation) -> list[Linearisation]:
    """One for each timestep; a tenth of the cost of `at` in a loop."""
    multipliers = _multipliers(steps)
    columns = [multiplier.unbind() for multiplier in multipliers.values()]
    kind: Callable[..., Linearisation] = type(steps)
    return [kind(*row, weight=steps.weight) for row in zip(*columns, strict=True)]


def _multipliers(steps: Linearisation) -> dict[str, Tensor]:
    return {name: value for name, value in vars(steps).items() if name != "weight"}


def _changed(steps: Linearisation, values: dict[str, Tensor]) -> Linearisation:
    return type(steps)(**{**vars(steps), **values})
