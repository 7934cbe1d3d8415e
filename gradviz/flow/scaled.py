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

    def plus(self, other: Scaled) -> Scaled:
        """The sum, by the larger exponent of each row."""
        if self.exponent is None or other.exponent is None:
            raise ValueError("both must have exponents")
        exponent = torch.maximum(self.exponent, other.exponent)
        terms = (
            each.mantissa * power(each.exponent - exponent, each.mantissa)
            for each in (self, other)
            if each.exponent is not None
        )
        return Scaled(sum(terms, torch.zeros((), dtype=self.mantissa.dtype)), exponent)

    def double(self) -> Tensor:
        """(T, B, size) float64, with 0 below 1e-308."""
        values = self.mantissa.double()
        return values if self.exponent is None else values * power(self.exponent, values)


def power(exponent: Tensor, like: Tensor) -> Tensor:
    """2^exponent in the precision of `like`; torch.ldexp would compute it in float32."""
    return torch.exp2(exponent.to(like.dtype))
