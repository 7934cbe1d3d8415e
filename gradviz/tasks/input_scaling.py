"""Inputs scaled feature by feature, by what the features are in some sequences.

    standard   x ← (x − μ) / σ              mean 0, variance 1
    min_max    x ← (x − min) / (max − min)  from 0 to 1

over all timesteps of all sequences that it is fitted to, each feature on its own (LeCun, Bottou,
Orr & Müller 1998, "Efficient BackProp", §4.3: inputs of mean 0 and one variance make the error
surface rounder). A feature that is constant there becomes 0. Fitted once, it is the same map for
every batch, of training data or others, so a sequence beyond those may leave 0…1.

Index legend: T timesteps, B sequences, I features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class InputScaling:
    """x ← (x − shift) / spread."""

    shift: Tensor
    """(I,) float64: μ, or min."""
    spread: Tensor
    """(I,) float64: σ, or max − min; 1 where that is 0."""

    def __call__(self, inputs: Tensor) -> Tensor:
        """(T, B, I) to the same, in its dtype; computed in float64."""
        scaled: Tensor = (inputs.double() - self.shift) / self.spread
        return scaled.to(inputs.dtype)


def fit_scaling(inputs: Tensor, kind: Literal["standard", "min_max"]) -> InputScaling:
    """The scaling that a sample (T, B, I) asks for."""
    import torch

    values = inputs.double().flatten(0, -2)
    low, high = values.aminmax(dim=0)
    if kind == "standard":
        shift, spread = values.mean(0), values.std(0, correction=0)
    else:
        shift, spread = low, high - low
    # The mean of equal numbers may differ from them in the last bit, which σ would then divide by.
    is_constant = low == high
    return InputScaling(torch.where(is_constant, low, shift), spread.masked_fill(is_constant, 1.0))
