"""The step Jacobian as a matrix.

Index legend: B recorded sequences, N state size.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.flow.measured import measured
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.steps import picked

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def jacobian(flow: LayerFlow, t: int = 1) -> Tensor:
    """(B, N, N): J_t, t = 1…T; s_0 is the initial state.

    Raises:
        ValueError: for another t.
    """
    timesteps, batch = flow.hidden.shape[:2]
    if not 1 <= t <= timesteps:
        raise ValueError(f"t must be 1…{timesteps}, got {t}.")
    position = torch.tensor([t - 1], device=flow.hidden.device)
    dense = jacobian_of_rows(flow, flow.order.rows(position, batch))
    is_on = flow.order.is_on
    return dense if is_on is None else torch.where(is_on[t - 1, :, None, None], dense, math.nan)


def jacobian_of_rows(flow: LayerFlow, rows: Tensor) -> Tensor:
    """(B, N, N): of a row (B,), in the order read, for each of the first B sequences."""
    step = picked(flow.steps, rows)
    eye = torch.eye(flow.state_size, dtype=flow.hidden.dtype, device=flow.hidden.device)
    columns = eye.unsqueeze(1).expand(-1, len(rows), -1).split(flow.widths, -1)
    return torch.cat(step.jvp(tuple(columns)), -1).permute(1, 2, 0)


QUANTITY = Quantity(
    name="jacobian",
    title="Jacobian of one timestep, t = 1 unless asked for another",
    equation="J_t = ∂s_t/∂s_{t−1}",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="1",
    axes=("sequence", "state", "state"),
    cost="light",
    measure=jacobian,
)
