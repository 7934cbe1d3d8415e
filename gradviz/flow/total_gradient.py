"""The total gradient of every timestep by one scan backward, with exponents of its own.

Index legend: T timesteps, B sequences, P size of h_t, H hidden size, S timesteps of a segment.

δ_{t−1} = J_tᵀ δ_t + the direct term at t − 1 (Pascanu et al. 2013, eq. 5, with the direct
terms). A gradient of a long sequence leaves float32's range, and float64's as well; so a
number is kept as mantissa · 2^exponent with one exponent a sequence and timestep. In
float32 the scan of an LSTM takes two thirds of the time that it takes in float64.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from gradviz.cells import Linearisation, State
from gradviz.flow.scaled import Scaled, exponent_of, power
from gradviz.flow.steps import cast, each_timestep

CHUNK = 32
"""Timesteps between two looks at the size of the numbers."""

SAFE = (1e-25, 1e25)
"""Sizes of a float32 number after a chunk with which nothing that counts was lost within it."""


@dataclass(frozen=True)
class Direct:
    """What the loss adds to the gradient of the states from outside the recurrence."""

    hidden: Scaled
    """(T, B, P) at h_t."""
    last: State
    """At s_T: (B, P), and for an LSTM (B, H)."""
    cell: Scaled | None = None
    """(T, B, H) at c_t, where others than the recurrence use it."""

    def to(self, dtype: torch.dtype) -> Direct:
        """In another precision."""
        hidden, cell = (
            None if part is None else part.linear(lambda each: each.to(dtype))
            for part in (self.hidden, self.cell)
        )
        assert hidden is not None
        return Direct(hidden, tuple(each.to(dtype) for each in self.last), cell)

    def parts(self) -> list[Scaled]:
        """Those that are added on the way."""
        return [self.hidden] if self.cell is None else [self.hidden, self.cell]


@dataclass(frozen=True)
class TotalGradient:
    """∂L/∂s_t through every path; of an LSTM's c_t but for the path through h_t."""

    parts: State
    """Mantissas: (T, B, P), and for an LSTM (T, B, H); float32 or float64."""
    exponent: Tensor
    """(T, B, 1) int32, of two."""
    steps: Linearisation
    """In the mantissas' precision."""

    def scaled(self, mantissa: Tensor) -> Scaled:
        """Of what is linear in the mantissas, (T, B, size)."""
        return Scaled(mantissa, self.exponent)


def total_gradient(steps: Linearisation, direct: Direct) -> TotalGradient:
    """Scan in the precision of the steps, and in float64 if float32 was too narrow."""
    if steps.weight.dtype == torch.float64:
        return _scan(steps, direct.to(torch.float64))[0]
    found, extremes = _scan(steps, direct.to(steps.weight.dtype))
    if bool(((extremes > SAFE[0]) & (extremes < SAFE[1])).all()):
        return found
    return _scan(cast(steps, torch.float64), direct.to(torch.float64))[0]


def _scan(steps: Linearisation, direct: Direct) -> tuple[TotalGradient, Tensor]:
    """Also the largest entries (count, B, 1) at the end of each segment, before it was scaled."""
    rows, parts = each_timestep(steps), direct.parts()
    state, exponent = direct.last, torch.zeros_like(direct.last[0][..., :1], dtype=torch.int32)
    states, exponents, extremes = list[State](), list[Tensor](), list[Tensor]()
    for first, end, is_added in _segments(parts):
        added = [each.rows(first, end) for each in parts] if is_added else []
        state, exponent, largest = _rescaled(state, exponent, added)
        extremes.append(largest)
        terms = [_at_exponent(each, exponent).unbind() for each in added]
        for index in range(end - 1, first - 1, -1):
            if index < len(rows) - 1:
                state = rows[index + 1].vjp(state)
            if terms:
                now = [each[index - first] for each in terms]
                state = (*map(torch.add, state, now), *state[len(now) :])
            states.append(state)
        exponents.append(exponent.expand(end - first, -1, -1))
    extremes.append(_largest(state))
    mantissas = tuple(torch.stack(part[::-1]) for part in zip(*states, strict=True))
    found = TotalGradient(mantissas, torch.cat(exponents[::-1]), steps)
    return found, torch.stack(extremes[1:])


def _segments(parts: list[Scaled]) -> Iterator[tuple[int, int, bool]]:
    """Runs of timesteps with or without direct terms, from the last, cut into chunks.

    Where direct terms begin the gradient may jump by any number of decades.
    """
    # The loss often reads the last timestep only; nothing is added at the others.
    sizes = [each.mantissa.abs().amax((1, 2)) for each in parts]
    is_added = reduce(torch.logical_or, [size != 0 for size in sizes]).tolist()
    end = len(is_added)
    while end:
        first = end - 1
        while first and end - first < CHUNK and is_added[first - 1] == is_added[end - 1]:
            first -= 1
        yield first, end, is_added[first]
        end = first


def _rescaled(state: State, exponent: Tensor, added: list[Scaled]) -> tuple[State, Tensor, Tensor]:
    """The state with entries up to 1, or up to 1 in what will be added, and its exponent."""
    largest = _largest(state)
    up = exponent + exponent_of(largest)
    if added:
        coming = reduce(torch.maximum, [_exponents(each).amax(0) for each in added])
        up = torch.where(largest > 0, torch.maximum(up, coming), torch.maximum(exponent, coming))
    factor = power(exponent - up, largest)
    return tuple(each * factor for each in state), up, largest


def _exponents(added: Scaled) -> Tensor:
    """(S, B, 1) of the terms' sizes; very low for zeros."""
    largest = _largest([added.mantissa])
    found = (
        exponent_of(largest) if added.exponent is None else exponent_of(largest) + added.exponent
    )
    return torch.where(largest > 0, found, LOWEST)


LOWEST = -(2**20)
"""Exponent of a zero: far below those of a gradient of any sequence."""


def _at_exponent(added: Scaled, exponent: Tensor) -> Tensor:
    """(S, B, size) mantissas for an exponent (B, 1)."""
    own = -exponent if added.exponent is None else added.exponent - exponent
    values = added.mantissa * power(own, added.mantissa)
    # Beside a vanished gradient the power is infinite, and 0 · ∞ is nan.
    return torch.where(added.mantissa == 0, added.mantissa, values)


def _largest(parts: Iterable[Tensor]) -> Tensor:
    """(…, 1), of the entries' magnitudes of all parts."""
    return reduce(torch.maximum, [part.abs().amax(-1, keepdim=True) for part in parts])
