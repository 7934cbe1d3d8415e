"""The nonlinearities φ of a plain RNN, each with its slope written by its value.

The outputs of a pass are known, so φ′ follows from h = φ(a) without a:

    tanh        1 − h²
    relu        1 where h > 0, else 0
    leaky_relu  1 where h > 0, else 0.01
    elu         1 where h > 0, else h + 1        (Clevert et al. 2016, arXiv 1511.07289)
    sigmoid     h(1 − h)
    linear      1
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from gradviz.cells.squash import logistic_slope, tanh_slope

MODRELU = "modrelu"
"""The orthogonal RNN's, whose bias is its threshold: see `orthogonal`. Its slope is 0 or 1."""

LEAK = 0.01
"""Slope of leaky_relu below 0, PyTorch's own."""


class Nonlinearity(NamedTuple):
    """φ, unit by unit."""

    apply: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    """φ′ from h = φ(a)."""
    steepest: float = 1.0
    """γ = max φ′."""


def _where_positive(hidden: Tensor, below: Tensor | float) -> Tensor:
    """1 where h > 0."""
    below = below if isinstance(below, Tensor) else torch.full_like(hidden, below)
    return torch.where(hidden > 0, torch.ones_like(hidden), below)


NONLINEARITIES: Mapping[str, Nonlinearity] = MappingProxyType(
    {
        "tanh": Nonlinearity(torch.tanh, tanh_slope),
        "relu": Nonlinearity(torch.relu, lambda hidden: (hidden > 0).to(hidden.dtype)),
        "leaky_relu": Nonlinearity(
            lambda drive: functional.leaky_relu(drive, LEAK),
            lambda hidden: _where_positive(hidden, LEAK),
        ),
        "elu": Nonlinearity(functional.elu, lambda hidden: _where_positive(hidden, hidden + 1)),
        "sigmoid": Nonlinearity(torch.sigmoid, logistic_slope, steepest=0.25),
        "linear": Nonlinearity(lambda drive: drive, torch.ones_like),
    }
)


def steepest(name: str) -> float:
    """γ = max φ′."""
    return 1.0 if name == MODRELU else NONLINEARITIES[name].steepest
