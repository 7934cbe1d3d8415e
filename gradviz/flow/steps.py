"""The Jacobians of all timesteps as a cell linearises them: cast, cut, taken apart.

Index legend: T timesteps, B recorded sequences, Q ≤ B probes, H hidden size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import torch
from torch import Tensor

from gradviz.cells import Linearisation, State, Zoneout
from gradviz.cells.arrays import chosen
from gradviz.cells.linearisation import Steps, changed, is_weight
from gradviz.cells.rnn import RnnLinearisation


def dtype_of(steps: Linearisation) -> torch.dtype:
    """Of the multipliers."""
    return next(iter(multipliers(going(steps)).values())).dtype


def cast(steps: Steps, dtype: torch.dtype) -> Steps:
    """The same in another precision; of a coupling too."""
    return changed(steps, lambda each: each.to(dtype) if each.is_floating_point() else each, True)


def probed(steps: Steps, probes: int | None) -> Steps:
    """Of the first so many sequences only."""
    return changed(steps, lambda each: each[:, :probes])


def joined(steps: Steps) -> Steps:
    """Timesteps and sequences on one axis, (T·B, …)."""
    return changed(steps, lambda each: each.flatten(0, 1))


def at(steps: Steps, rows: slice | Tensor) -> Steps:
    """Of some rows of the first axis."""
    return changed(steps, lambda each: each[rows])


def multipliers(steps: Linearisation) -> dict[str, Tensor]:
    """All but the weights, by name; of a cell's own linearisation."""
    return {
        name: value
        for name, value in vars(steps).items()
        if isinstance(value, Tensor) and not is_weight(name)
    }


def until(steps: Steps, timesteps: int) -> Steps:
    """Of the first so many timesteps."""
    return changed(steps, lambda each: each[:timesteps])


def spread(steps: Steps) -> Steps:
    """Multipliers (T, B, 1, …, H), for products with many vectors a sequence, (…, B, many, H)."""
    return changed(steps, lambda each: each.unsqueeze(2))


def picked(steps: Linearisation, rows: Tensor) -> Linearisation:
    """Of one timestep for each of the first B sequences, whose rows are (B,)."""
    batch = torch.arange(len(rows), device=rows.device)
    return changed(steps, lambda each: each[rows, batch])


def each_timestep(steps: Steps, *, arrays: bool = False) -> list[Steps]:
    """One for each timestep; of NumPy's arrays if asked."""
    columns: list[Iterable[Any]] = []
    for name, value in vars(steps).items():
        if value is None:
            columns.append(repeat(None))
        elif not isinstance(value, Tensor):
            columns.append(each_timestep(value, arrays=arrays))
        elif is_weight(name):
            columns.append(repeat(value.cpu().numpy() if arrays else value))
        else:
            columns.append(value.cpu().numpy() if arrays else value.unbind())
    make: Callable[..., Steps] = type(steps)
    # By position: by name it took twice as long.
    return [make(*row) for row in zip(*columns, strict=False)]


@dataclass
class Ended:
    """Sequences of different lengths: J_t = I behind the end of each."""

    steps: Linearisation
    is_on: Tensor
    """(T, B, 1): whether the sequence still goes on."""

    @property
    def weight(self) -> Tensor | None:
        """(G·H, P) W_hh."""
        return self.steps.weight

    @property
    def cost(self) -> int:
        """Multiply-adds of one product."""
        return self.steps.cost

    def vjp(self, vector: State) -> State:
        """J_tᵀ v."""
        return self._chosen(self.steps.vjp(vector), vector)

    def jvp(self, vector: State) -> State:
        """J_t v."""
        return self._chosen(self.steps.jvp(vector), vector)

    def input_grad(self, vector: State) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih); 0 behind the end."""
        return chosen(self.is_on, self.steps.input_grad(vector), 0.0)

    def recurrent_grad(self, vector: State) -> Tensor:
        """∂L/∂(W_hh h_{t−1} + b_hh); 0 behind the end."""
        return chosen(self.is_on, self.steps.recurrent_grad(vector), 0.0)

    def _chosen(self, on: State, ended: State) -> State:
        return tuple(chosen(self.is_on, *pair) for pair in zip(on, ended, strict=True))


def going(steps: Linearisation) -> Linearisation:
    """The cell's own, also behind a sequence's end."""
    return steps.steps if isinstance(steps, Ended) else steps


def plain(steps: Linearisation) -> RnnLinearisation | None:
    """Of a plain RNN: its own step, before what zoneout makes of it; None of another cell."""
    steps = going(steps)
    own = steps.steps if isinstance(steps, Zoneout) else steps
    return own if isinstance(own, RnnLinearisation) else None
