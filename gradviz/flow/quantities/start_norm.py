"""‖s_0‖₂: what a layer was given to begin with, as of a state carried over from the last batch.

Index legend: B recorded sequences, P size of h_t, H hidden size.
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
def start_norm(flow: LayerFlow) -> Tensor:
    """(B,) float64; 0 where it began from zeros."""
    parts = [part.double() for part in flow.passed.start]
    norm: Tensor = torch.linalg.vector_norm(torch.cat(parts, -1), dim=-1)
    return norm


QUANTITY = Quantity(
    name="start_norm",
    title="magnitude of the state that it begins with",
    equation="‖s_0‖₂",
    paper="defined here",
    unit="1",
    axes=("sequence",),
    cost="light",
    measure=start_norm,
)
