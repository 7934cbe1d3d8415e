"""Inputs scaled feature by feature, by what the features are in some sequences."""

import torch
from torch import Tensor


def fit_standard(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """(I,) μ and (I,) σ of every feature, over all timesteps of all sequences (T, B, I)."""
    values = inputs.double().flatten(0, -2)
    return without_constants(values, values.mean(0), values.std(0, correction=0))


def fit_min_max(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """(I,) min and (I,) max − min of every feature (T, B, I)."""
    values = inputs.double().flatten(0, -2)
    low, high = values.aminmax(dim=0)
    return without_constants(values, low, high - low)


def without_constants(values: Tensor, shift: Tensor, spread: Tensor) -> tuple[Tensor, Tensor]:
    """The same, but such that a feature that is constant becomes 0."""
    is_constant = (values == values[0]).all(0)
    return torch.where(is_constant, values[0], shift), spread.masked_fill(is_constant, 1.0)


def scaled(inputs: Tensor, shift: Tensor, spread: Tensor) -> Tensor:
    """Inputs x as (x − μ)/σ, or (x − min)/(max − min) (LeCun, Bottou, Orr & Müller 1998, §4.3)."""
    return ((inputs.double() - shift) / spread).to(inputs.dtype)
