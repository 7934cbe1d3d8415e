"""log10 ‖∂L/∂h_t‖₂: right where the gradient itself is below the least float.

Index legend: T timesteps, B recorded sequences, P size of h_t, H hidden size.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from torch import Tensor

from gradviz.flow.measured import measured
from gradviz.flow.quantities.hidden_grad_norm import mantissa_norm
from gradviz.flow.quantities.quantity import Quantity

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def hidden_grad_log10(flow: LayerFlow) -> Tensor:
    """(T, B) float64; −∞ only where the gradient is exactly zero."""
    norm, exponent = mantissa_norm(flow).log10(), flow.total.exponent
    if exponent is not None:
        norm = norm + exponent[..., 0].double() * math.log10(2)
    return flow.order.placed(norm)


QUANTITY = Quantity(
    name="hidden_grad_log10",
    title="magnitude of the total gradient, as log10",
    equation="log10 ‖∂L/∂h_t‖₂",
    paper="Bengio, Simard, Frasconi 1994; Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="decades",
    axes=("timestep", "sequence"),
    cost="light",
    measure=hidden_grad_log10,
)
