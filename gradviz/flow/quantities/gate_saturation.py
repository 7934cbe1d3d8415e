"""Saturation of the gates: how often a unit's gate is nearly shut or nearly open.

    left = share of timesteps with gate < 0.1,   right = share with gate > 0.9

Karpathy, Johnson & Fei-Fei 2015 (arXiv 1506.02078). It is defined for σ gates only: the
candidate and a plain RNN's h are tanh, for which the paper gives no limits.

Index legend: T timesteps, B recorded sequences, H hidden size.
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

LEFT, RIGHT = 0.1, 0.9


@measured
def gate_saturation(flow: LayerFlow) -> dict[str, Tensor]:
    """Each σ gate's (2, B, H) float64, 0…1: left, right. Empty for a plain RNN."""
    found = {}
    timesteps = flow.order.steps_read(flow.hidden.shape[1]).unsqueeze(-1)
    for name, gate in flow.gates.items():
        if name != "candidate":
            sides = torch.stack([gate < LEFT, gate > RIGHT]).double()
            share = _at_timesteps(sides.where(~gate.isnan(), math.nan), flow).sum(1)
            found[name] = share / timesteps.to(share.device)
    return found


def _at_timesteps(sides: Tensor, flow: LayerFlow) -> Tensor:
    """(2, T, B, H) with 0 behind a sequence's end."""
    is_on = flow.order.is_on
    return sides if is_on is None else sides.where(is_on.unsqueeze(-1), 0.0)


QUANTITY = Quantity(
    name="gate_saturation",
    title="share of timesteps at which a unit's gate is nearly shut or open, by gate",
    equation="share of t with gate < 0.1 (left), > 0.9 (right)",
    paper="Karpathy, Johnson, Fei-Fei 2015 (arXiv 1506.02078)",
    unit="1",
    axes=("side", "sequence", "unit"),
    cost="light",
    measure=gate_saturation,
    needs="gates",
)
