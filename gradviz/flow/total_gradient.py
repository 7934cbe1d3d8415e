"""The total gradient of every timestep by one scan backward, with exponents of its own.

Index legend: T timesteps, B sequences, P size of h_t, H hidden size, S timesteps of a segment.

δ_{t−1} = J_tᵀ δ_t + the direct term at t − 1 (Pascanu et al. 2013, eq. 5, with the direct
terms). A gradient of a long sequence leaves float32's range, and float64's as well; so a
number is kept as mantissa · 2^exponent with one exponent a sequence and timestep. An LSTM's
scan of 8 sequences takes half of the time in float32 and in NumPy, whose small operations
start sooner, that it takes in float64 and in PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, reduce
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController
from torch import Tensor

from gradviz.cells import Linearisation, State
from gradviz.flow.scaled import Scaled
from gradviz.flow.steps import cast, dtype_of, each_timestep, until

Array = NDArray[Any]

CHUNK = 16
"""Timesteps between two looks at the size of the numbers."""

SAFE = (1e-25, 1e25)
"""Sizes of a float32 number after a chunk with which nothing that counts was lost within it."""


KNOWN_SAFE = (1e-30, 1e30)
"""Sizes of autograd's float32 gradients of which only what is 1e-8 of them was lost."""


class Source(Protocol):
    """Where a layer's gradient comes from."""

    @property
    def output(self) -> Scaled | None:
        """(T, B, P) at the layer's output, where that is not the first part of s_t."""
        ...

    def alone(self, b: int) -> Source:
        """At the states of one sequence."""
        ...

    def total(self, steps: Linearisation) -> TotalGradient:
        """Of all states, by the layer's Jacobians."""
        ...


@dataclass(frozen=True)
class Direct:
    """What the loss adds to the gradient of the states from outside the recurrence."""

    hidden: Scaled
    """(T, B, P) at h_t, or whatever is the first part of s_t."""
    last: State
    """At s_T: (B, P), and for an LSTM (B, H)."""
    cell: Scaled | None = None
    """(T, B, H) at c_t, where others than the recurrence use it."""
    output: Scaled | None = None
    """(T, B, P) at the layer's output, where that is not the first part of s_t."""
    known: Tensor | None = None
    """(T, B, P) ∂L/∂h_t through every path, where autograd was heard to gather it."""

    def to(self, dtype: torch.dtype) -> Direct:
        """In another precision."""
        parts = (self.hidden, self.cell, self.output)
        hidden, cell, output = (
            None if part is None else part.linear(lambda each: each.to(dtype)) for part in parts
        )
        assert hidden is not None
        last = tuple(each.to(dtype) for each in self.last)
        return replace(self, hidden=hidden, last=last, cell=cell, output=output)

    def alone(self, b: int) -> Direct:
        """At the states of one sequence."""
        row = slice(b, b + 1)
        parts = (self.hidden, self.cell, self.output)
        hidden, cell, output = (
            None if part is None else part.moved(lambda each: each[:, row]) for part in parts
        )
        assert hidden is not None
        last = tuple(each[row] for each in self.last)
        known = None if self.known is None else self.known[:, row]
        return Direct(hidden, last, cell, output, known)

    def total(self, steps: Linearisation) -> TotalGradient:
        """∂L/∂s_t through every path."""
        return total_gradient(steps, self)

    def parts(self) -> list[Scaled]:
        """Those that are added on the way."""
        return [self.hidden] if self.cell is None else [self.hidden, self.cell]


@dataclass(frozen=True)
class TotalGradient:
    """∂L/∂s_t through every path; of an LSTM's c_t but for the path through h_t."""

    parts: State
    """Mantissas: (T, B, P), and for an LSTM (T, B, H); float32 or float64."""
    exponent: Tensor | None
    """(T, B, 1) int32, of two; None: all 0."""
    steps: Linearisation
    """In the mantissas' precision."""

    def scaled(self, mantissa: Tensor) -> Scaled:
        """Of what is linear in the mantissas, (T, B, size)."""
        return Scaled(mantissa, self.exponent)


def total_gradient(steps: Linearisation, direct: Direct) -> TotalGradient:
    """Autograd's as far back as it was known and in float32's range; from there by a scan."""
    known = direct.known
    if known is None:
        return _scanned(steps, direct)
    first = _first_safe(known)
    if first == len(known):
        return _scanned(steps, direct)
    if not first:
        return TotalGradient((known,), None, steps)
    hidden = direct.hidden.mantissa[: first + 1].clone()
    hidden[first] = 0.0
    rest = _scanned(until(steps, first + 1), Direct(Scaled(hidden), (known[first],)))
    below, zero = rest.parts[0][:first], torch.zeros_like(known[first:, :, :1], dtype=torch.int32)
    assert rest.exponent is not None
    return TotalGradient(
        (torch.cat([below, known[first:].to(below.dtype)]),),
        torch.cat([rest.exponent[:first], zero]),
        cast(steps, below.dtype),
    )


def _first_safe(known: Tensor) -> int:
    """Least row from which on no number that counts was lost; T if there is none."""
    sizes = known.abs().amax(-1)
    is_lost = ~((sizes > KNOWN_SAFE[0]) & (sizes < KNOWN_SAFE[1])).all(1)
    lost = is_lost.nonzero()
    return int(lost[-1]) + 1 if len(lost) else 0


def _scanned(steps: Linearisation, direct: Direct) -> TotalGradient:
    """In the precision of the steps, or in float64 if float32 was too narrow."""
    dtype, device = dtype_of(steps), direct.hidden.mantissa.device
    with np.errstate(all="ignore"), _blas().limit(limits=1):
        *found, extremes = _scan(steps, direct.to(dtype))
        if dtype == torch.float32 and not _is_safe(extremes):
            steps = cast(steps, torch.float64)
            *found, _ = _scan(steps, direct.to(torch.float64))
    *parts, exponent = (torch.from_numpy(each).to(device) for each in found)
    return TotalGradient(tuple(parts), exponent, steps)


def _is_safe(sizes: Any) -> bool:
    """Of an array or tensor; nan is not."""
    return bool(sizes.min() > SAFE[0]) and bool(sizes.max() < SAFE[1])


@cache
def _blas() -> ThreadpoolController:
    """NumPy's: products of this size are slower on several threads, ten times on busy cores."""
    return ThreadpoolController().select(internal_api="openblas")


def _scan(steps: Linearisation, direct: Direct) -> list[Array]:
    """Mantissas of the state's parts, exponents, and the largest entries (count, B, 1).

    These are of the end of each segment, before it was scaled.
    """
    rows: list[Any] = each_timestep(steps, arrays=True)
    parts = [(_array(each.mantissa), _array(each.exponent)) for each in direct.parts()]
    state = tuple(map(_array, direct.last))
    states = []
    exponents = np.empty((len(rows), *state[0].shape[:-1], 1), np.int32)
    exponent, extremes = np.zeros_like(exponents[0]), []
    for first, end, is_added in _segments([each for each, _ in parts]):
        added = [_cut(part, first, end) for part in parts] if is_added else []
        state, exponent, largest = _rescaled(state, exponent, added)
        extremes.append(largest)
        exponents[first:end] = exponent
        terms = [_at_exponent(*each, exponent) for each in added]
        for index in range(end - 1, first - 1, -1):
            if index < len(rows) - 1:
                state = rows[index + 1].vjp(state)
            if terms:
                now = [each[index - first] for each in terms]
                state = (*map(np.add, state, now), *state[len(now) :])
            states.append(state)
    extremes.append(_largest(state))
    found = [np.stack(part[::-1]) for part in zip(*states, strict=True)]
    return [*found, exponents, np.stack(extremes[1:])]


def _array(values: Tensor | None) -> Any:
    return 0 if values is None else values.cpu().numpy()


def _cut(part: tuple[Array, Any], first: int, end: int) -> tuple[Array, Any]:
    mantissa, exponent = part
    return mantissa[first:end], exponent if isinstance(exponent, int) else exponent[first:end]


def _segments(parts: list[Array]) -> Iterator[tuple[int, int, bool]]:
    """Runs of timesteps with or without direct terms, from the last, cut into chunks.

    Where direct terms begin the gradient may jump by any number of decades.
    """
    # The loss often reads the last timestep only; nothing is added at the others.
    is_added: list[bool] = np.any([each.any((1, 2)) for each in parts], 0).tolist()
    end = len(is_added)
    while end:
        first = end - 1
        while first and end - first < CHUNK and is_added[first - 1] == is_added[end - 1]:
            first -= 1
        yield first, end, is_added[first]
        end = first


def _rescaled(
    state: tuple[Array, ...], exponent: Array, added: list[tuple[Array, Any]]
) -> tuple[tuple[Array, ...], Array, Array]:
    """The state with entries up to 1, or up to 1 in what will be added, and its exponent."""
    largest = _largest(state)
    up = exponent + np.frexp(largest)[1]
    if added:
        coming = reduce(np.maximum, [_exponents(*each).max(0) for each in added])
        up = np.where(largest > 0, np.maximum(up, coming), np.maximum(exponent, coming))
    return tuple(np.ldexp(each, exponent - up) for each in state), up, largest


def _exponents(mantissa: Array, exponent: Any) -> Array:
    """(S, B, 1) of the terms' sizes; very low for zeros."""
    largest = _largest([mantissa])
    return np.where(largest > 0, np.frexp(largest)[1] + exponent, LOWEST)


LOWEST = -(2**20)
"""Exponent of a zero: far below those of a gradient of any sequence."""


def _at_exponent(mantissa: Array, own: Any, exponent: Array) -> Array:
    """(S, B, size) mantissas for an exponent (B, 1)."""
    scaled: Array = np.ldexp(mantissa, own - exponent)
    return scaled


def _largest(parts: Iterable[Array]) -> Array:
    """(…, 1), of the entries' magnitudes of all parts."""
    return reduce(np.maximum, [np.abs(part).max(-1, keepdims=True) for part in parts])
