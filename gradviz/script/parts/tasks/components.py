"""Fewer features: their leading principal components (Pearson 1901; Hotelling 1933)."""

import torch
from torch import Tensor


def fit_components(inputs: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(I,) μ, and (I, n) the directions V_n of the largest variances of (T, B, I).

    C = mean of (x − μ)(x − μ)ᵀ = V diag(λ) Vᵀ; the largest entry of a direction is positive.
    """
    values = inputs.double().flatten(0, -2)
    mean = values.mean(0)
    centred = values - mean
    _, ascending = torch.linalg.eigh(centred.T @ centred / len(centred))
    directions = ascending.flip(1)[:, :count]
    largest = directions.abs().argmax(0, keepdim=True)
    return mean, directions * directions.gather(0, largest).sign()


def projected(inputs: Tensor, mean: Tensor, directions: Tensor) -> Tensor:
    """Inputs x as V_nᵀ (x − μ), (T, B, n)."""
    return ((inputs.double() - mean) @ directions).to(inputs.dtype)
