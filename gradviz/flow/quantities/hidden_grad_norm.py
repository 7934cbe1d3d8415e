"""‖∂L/∂h_t‖₂: the curve that vanishes or explodes.

Index legend: T timesteps, B recorded sequences, P size of h_t, H hidden size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.flow.measured import measured
from gradviz.flow.quantities.quantity import Quantity

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def hidden_grad_norm(flow: LayerFlow) -> Tensor:
    """(T, B) float64; 0 below 1e-308."""
    norm = flow.total.scaled(mantissa_norm(flow).unsqueeze(-1)).double()
    return flow.order.placed(norm[..., 0])


def mantissa_norm(flow: LayerFlow) -> Tensor:
    """(T, B) float64, in the order read."""
    norm: Tensor = torch.linalg.vector_norm(flow.total.parts[0], dim=-1, dtype=torch.float64)
    return norm


QUANTITY = Quantity(
    name="hidden_grad_norm",
    title="magnitude of the total gradient",
    equation="‖∂L/∂h_t‖₂",
    paper="Bengio, Simard, Frasconi 1994; Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="loss",
    axes=("timestep", "sequence"),
    cost="light",
    measure=hidden_grad_norm,
)
