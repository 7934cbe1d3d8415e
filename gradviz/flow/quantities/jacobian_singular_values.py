"""All singular values of one step Jacobian of one sequence.

    J_t = U diag(σ) Vᵀ

Their spread says how far a timestep is from an isometry (Chen, Pennington & Schoenholz 2018,
arXiv 1806.05394).

Index legend: N state size.
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
def jacobian_singular_values(flow: LayerFlow, t: int = 1, b: int = 0) -> Tensor:
    """(N,) float64, from the largest to the least; nan where J_t is not finite.

    Args:
        flow: of a layer.
        t: 1…T.
        b: the sequence, 0…B−1.
    """
    batch = flow.hidden.shape[1]
    if not 0 <= b < batch:
        raise ValueError(f"b must be 0…{batch - 1}, got {b}.")
    jacobian = flow.jacobian(t)[b].double()
    if not bool(jacobian.isfinite().all()):
        return torch.full_like(jacobian[0], math.nan)
    values: Tensor = torch.linalg.svdvals(jacobian)
    return values


QUANTITY = Quantity(
    name="jacobian_singular_values",
    title="singular values of the Jacobian of one timestep and sequence",
    equation="J_t = U diag(σ) Vᵀ, σ_1 ≥ σ_2 ≥ …",
    paper="Chen, Pennington, Schoenholz 2018 (arXiv 1806.05394)",
    unit="1",
    axes=("state",),
    cost="light",
    measure=jacobian_singular_values,
)
