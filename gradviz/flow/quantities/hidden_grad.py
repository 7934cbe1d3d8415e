"""∂L/∂h_t through every path: the recurrence included, which `retain_grad` leaves out.

Index legend: T timesteps, B recorded sequences, P size of h_t, H hidden size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from gradviz.flow.measured import measured
from gradviz.flow.quantities.quantity import Quantity

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def hidden_grad(flow: LayerFlow) -> Tensor:
    """(T, B, P) float64: ∂L/∂h_t; 0 below 1e-308."""
    return flow.order.placed(flow.total.scaled(flow.total.parts[0]).double(), 0.0)


QUANTITY = Quantity(
    name="hidden_grad",
    title="total gradient of the hidden state",
    equation="δ_t = ∂L/∂h_t = (J_{t+1}ᵀ δ_{t+1})_h + direct term",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="loss",
    axes=("timestep", "sequence", "unit"),
    cost="light",
    measure=hidden_grad,
)
