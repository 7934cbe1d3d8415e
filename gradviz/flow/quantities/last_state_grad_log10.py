"""log10 of the part of ‖∂L/∂h_t‖₂ that came by the last state alone: through the bottleneck.

Of an encoder whose last state starts a decoder, what reaches h_t without attention or any other
use of its outputs. It is what transport makes of the gradient at s_T from outside the layer.

Index legend: T timesteps, B recorded sequences, P size of h_t, H hidden size.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.flow.measured import measured
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.total_gradient import Direct, total_gradient

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def last_state_grad_log10(flow: LayerFlow) -> Tensor:
    """(T, B) float64; −∞ where it is exactly zero, as where the last state was not used.

    Raises:
        ValueError: for a gradient that was truncated, of which each window has a last state.
    """
    if not isinstance(flow.direct, Direct):
        raise ValueError("last_state_grad_log10 must be of a gradient that was not truncated.")
    nothing = flow.direct.hidden.linear(torch.zeros_like)
    total = total_gradient(flow.steps, Direct(nothing, flow.direct.last))
    norm = torch.linalg.vector_norm(total.parts[0], dim=-1, dtype=torch.float64).log10()
    if total.exponent is not None:
        norm = norm + total.exponent[..., 0].double() * math.log10(2)
    return flow.order.placed(norm)


QUANTITY = Quantity(
    name="last_state_grad_log10",
    title="magnitude of what came by the last state alone, as log10",
    equation="log10 ‖(∂s_T/∂h_t)ᵀ ∂L/∂s_T‖₂, ∂L/∂s_T from outside the layer",
    paper="Sutskever, Vinyals, Le 2014 (arXiv 1409.3215); Bahdanau, Cho, Bengio 2015",
    unit="decades",
    axes=("timestep", "sequence"),
    cost="light",
    measure=last_state_grad_log10,
)
