"""Eigenvalues of one step Jacobian.

    J_t v = μ v

They say what many equal timesteps would do; one timestep may grow far more, where J_t is not
normal (Pascanu et al. 2013, arXiv 1211.5063).

Index legend: B recorded sequences, N state size.
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
def jacobian_eigenvalues(flow: LayerFlow, t: int = 1) -> Tensor:
    """(B, N) complex128, from the largest magnitude to the least; nan where J_t is not finite.

    Args:
        flow: of a layer.
        t: 1…T.
    """
    jacobian = flow.jacobian(t).double()
    is_finite = jacobian.isfinite().all(-1).all(-1)
    # LAPACK raises on what is not finite.
    values = torch.linalg.eigvals(jacobian.where(is_finite[:, None, None], 0.0))
    order = values.abs().argsort(dim=-1, descending=True, stable=True)
    unknown = torch.full_like(values, complex(math.nan, math.nan))
    return torch.where(is_finite[:, None], values.gather(-1, order), unknown)


QUANTITY = Quantity(
    name="jacobian_eigenvalues",
    title="eigenvalues of the Jacobian of one timestep",
    equation="J_t v = μ v, |μ_1| ≥ |μ_2| ≥ …",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="1",
    axes=("sequence", "state"),
    cost="dear",
    measure=jacobian_eigenvalues,
)
