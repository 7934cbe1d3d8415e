"""φ′ of a recurrent layer, by its value h = φ(a)."""

import torch
from torch import Tensor


def tanh_slope(hidden: Tensor) -> Tensor:
    """1 − h²."""
    return 1 - hidden * hidden


def relu_slope(hidden: Tensor) -> Tensor:
    """1 where h > 0, else 0."""
    return (hidden > 0).to(hidden.dtype)


def leaky_relu_slope(hidden: Tensor) -> Tensor:
    """1 where h > 0, else 0.01."""
    return torch.where(hidden > 0, 1.0, 0.01)


def elu_slope(hidden: Tensor) -> Tensor:
    """1 where h > 0, else h + 1."""
    return torch.where(hidden > 0, 1.0, hidden + 1)


def sigmoid_slope(hidden: Tensor) -> Tensor:
    """The logistic function's: h (1 − h)."""
    return hidden - hidden * hidden


def linear_slope(hidden: Tensor) -> Tensor:
    """1."""
    return torch.ones_like(hidden)
