"""How much one timestep can grow a disturbance at most.

Index legend: T timesteps, Q probes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.flow.jacobian_norms import SpectralStart, jacobian_norms
from gradviz.flow.measured import measured
from gradviz.flow.quantities.jacobian import jacobian_of_rows
from gradviz.flow.quantities.products import Kind
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.steps import cast, probed

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


SAFE = (1e-9, 1e9)
"""Norms whose fourth powers float32 can hold; beyond them float64 is asked again."""


@measured
def jacobian_norm(
    flow: LayerFlow,
    kind: Kind = "spectral",
    *,
    probes: int | None = None,
    tolerance: float = 1e-5,
    warm: SpectralStart | None = None,
) -> Tensor:
    """(T, Q).

    Args:
        flow: of a layer.
        kind: "spectral", σ_max, by Lanczos on JᵀJ; or "frobenius".
        probes: of the first so many sequences; None: all.
        tolerance: relative error of the spectral norm.
        warm: carries what was learned of the layer's Jacobians from one call to the next.
    """
    if kind == "frobenius":
        batch = flow.states(probes).shape[1]
        rows = torch.arange(len(flow.hidden), device=flow.hidden.device)
        norms = [
            torch.linalg.matrix_norm(jacobian_of_rows(flow, row.expand(batch))) for row in rows
        ]
        return flow.order.placed(torch.stack(norms))
    norm = torch.empty(0)
    for dtype in (flow.hidden.dtype, torch.float64):
        steps, like = probed(cast(flow.steps, dtype), probes), flow.states(probes).to(dtype)
        norm = jacobian_norms(steps, like, flow.widths, tolerance, warm)
        if bool(((norm > SAFE[0]) & (norm < SAFE[1])).all()):
            break
    return flow.order.placed(norm)


QUANTITY = Quantity(
    name="jacobian_norm",
    title="norm of the step Jacobian",
    equation="‖J_t‖₂ = σ_max(J_t), or ‖J_t‖_F",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063); by Lanczos 1950",
    unit="1",
    axes=("timestep", "sequence"),
    cost="dear",
    measure=jacobian_norm,
)
