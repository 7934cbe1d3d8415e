"""Numbers beyond a float's range: mantissa · 2^exponent, one exponent a row.

Index legend: T timesteps, B sequences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Scaled:
    """(T, B, size) numbers."""

    mantissa: Tensor
    """(T, B, size)."""
    exponent: Tensor | None = None
    """(T, B, 1) int32; None: all 0."""

    def linear(self, change: Callable[[Tensor], Tensor]) -> Scaled:
        """Changed by what is linear in each row."""
        return Scaled(change(self.mantissa), self.exponent)

    def moved(self, change: Callable[[Tensor], Tensor]) -> Scaled:
        """With its rows in other places."""
        exponent = None if self.exponent is None else change(self.exponent)
        return Scaled(change(self.mantissa), exponent)

    def rows(self, first: int, end: int) -> Scaled:
        """Of some timesteps."""
        return self.moved(lambda each: each[first:end])

    def columns(self, first: int, width: int) -> Scaled:
        """Of some entries of each row."""
        return self.linear(lambda each: each.narrow(-1, first, width))

    def plus(self, other: Scaled) -> Scaled:
        """The sum, by the larger exponent of each row."""
        zero = torch.zeros_like(self.mantissa[..., :1], dtype=torch.int32)
        one, two = (zero if each.exponent is None else each.exponent for each in (self, other))
        both = torch.maximum(one, two)
        terms = (
            each.mantissa * power(own - both, each.mantissa)
            for each, own in ((self, one), (other, two))
        )
        return Scaled(next(terms) + next(terms), both)

    def double(self) -> Tensor:
        """(T, B, size) float64, with 0 below 1e-308."""
        values = self.mantissa.double()
        return values if self.exponent is None else values * power(self.exponent, values)


def earlier(values: Scaled, lag: int) -> Scaled:
    """What timestep t has moved to t − lag; what came before the first is lost."""
    if not lag:
        return values
    return values.moved(lambda each: torch.cat([each[lag:], torch.zeros_like(each[:lag])]))


def power(exponent: Tensor, like: Tensor) -> Tensor:
    """2^exponent in the precision of `like`; torch.ldexp would compute it in float32."""
    return torch.exp2(exponent.to(like.dtype))
