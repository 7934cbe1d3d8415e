"""Split: the two ways on which a gated cell's gradient goes from one timestep to the next."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Split(NamedTuple):
    """Spectral norms, (T, B) float64 each. Their sum is a bound on the norm of the whole."""

    kept: Tensor
    """Of what the gate lets through: the largest gate."""
    rest: Tensor
    """Of all other paths together."""
