"""The least lag at which transport has fallen to 1/e; ∞ if it never has.

Index legend: T timesteps, Q probes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.flow.measured import measured
from gradviz.flow.quantities.quantity import Quantity

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def gradient_horizon(
    flow: LayerFlow, *, probes: int | None = None, tolerance: float = 1e-6
) -> Tensor:
    """(Q,) float64.

    Args:
        flow: of a layer.
        probes: of the first so many sequences; None: all.
        tolerance: of the transport, which is computed once for both.
    """
    transport = flow.transport_log10("spectral", probes=probes, tolerance=tolerance)
    # Read from the end of each sequence; nan behind it is never below.
    read = flow.order.turned(transport)
    below = read.flip(0) <= -math.log10(math.e)
    ends = len(read) - flow.order.steps_read(read.shape[1]).to(read.device)
    lags = (below.int().argmax(0) - ends).double()
    return torch.where(below.any(0), lags, torch.full_like(lags, math.inf))


QUANTITY = Quantity(
    name="gradient_horizon",
    title="how many timesteps back the last state still feels",
    equation="min k with ‖∂s_T/∂s_{T−k}‖₂ ≤ 1/e",
    paper="defined here, after Bengio, Simard, Frasconi 1994",
    unit="timesteps",
    axes=("sequence",),
    cost="dear",
    measure=gradient_horizon,
)
