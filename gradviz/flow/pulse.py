"""A unit pulse sent backward: how one unit of the last state listens to every earlier state.

    ∂h_T[unit]/∂s_t = eᵤᵀ J_T J_{T−1} … J_{t+1},   t = 0…T

a row of the transport P_t. It is what backpropagation carries for a loss that is h_T[unit]
(Pascanu, Mikolov, Bengio 2013, arXiv 1211.5063), so the total gradient's scan computes it.

Index legend: T timesteps, N state size.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.flow.measured import measured
from gradviz.flow.scaled import Scaled
from gradviz.flow.steps import at
from gradviz.flow.total_gradient import Direct, total_gradient

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def pulse(flow: LayerFlow, unit: int) -> tuple[Tensor, Tensor]:
    """(T + 1, N) float64 of length 1, and (T + 1,) float64 log10 of the true lengths.

    Rows are in the order in which the layer reads; row 0 is of the initial state. Neither
    under- nor overflows: where a length is exactly zero its row is 0 and its logarithm −∞.

    Args:
        flow: of one sequence alone.
        unit: 1…P, of h_T.
    """
    loss = torch.zeros_like(flow.hidden)
    loss[-1, 0, unit - 1] = 1.0
    zeros = tuple(flow.hidden.new_zeros(1, width) for width in flow.widths)
    total = total_gradient(flow.steps, Direct(Scaled(loss), zeros))
    initial = at(total.steps, slice(0, 1)).vjp(tuple(part[:1] for part in total.parts))
    parts = (torch.cat(both) for both in zip(initial, total.parts, strict=True))
    rows = torch.cat(list(parts), -1)[:, 0].double()
    lengths = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
    assert total.exponent is not None, "a scan has exponents"
    exponents = torch.cat([total.exponent[:1], total.exponent])[:, 0, 0]
    logs = lengths[:, 0].log10() + exponents.double() * math.log10(2)
    return rows / lengths.where(lengths > 0, 1.0), logs
