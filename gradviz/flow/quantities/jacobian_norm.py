"""How much one timestep can grow a disturbance at most.

Index legend: T timesteps, Q probes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.cells import Linearisation
from gradviz.flow.measured import measured
from gradviz.flow.quantities.jacobian import jacobian_of_rows
from gradviz.flow.quantities.products import Kind
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.spectral import spectral_norms
from gradviz.flow.steps import at, cast, joined, probed

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


SAFE = (1e-9, 1e9)
"""Norms whose fourth powers float32 can hold; beyond them float64 is asked again."""

BLOCK = 2**16
"""Entries of the vectors handled at once: they stay in the cache, and T costs no memory."""


@measured
def jacobian_norm(
    flow: LayerFlow,
    kind: Kind = "spectral",
    *,
    probes: int | None = None,
    tolerance: float = 1e-5,
) -> Tensor:
    """(T, Q).

    Args:
        flow: of a layer.
        kind: "spectral", σ_max, by Lanczos on JᵀJ; or "frobenius".
        probes: of the first so many sequences; None: all.
        tolerance: relative error of the spectral norm.
    """
    if kind == "frobenius":
        batch = flow.states(probes).shape[1]
        rows = torch.arange(len(flow.hidden), device=flow.hidden.device)
        norms = [
            torch.linalg.matrix_norm(jacobian_of_rows(flow, row.expand(batch))) for row in rows
        ]
        return flow.order.placed(torch.stack(norms))
    norm = _spectral_norms(flow, flow.hidden.dtype, probes, tolerance)
    is_safe = bool(((norm > SAFE[0]) & (norm < SAFE[1])).all())
    if not is_safe and flow.hidden.dtype != torch.float64:
        norm = _spectral_norms(flow, torch.float64, probes, tolerance)
    return flow.order.placed(norm)


def _spectral_norms(
    flow: LayerFlow, dtype: torch.dtype, probes: int | None, tolerance: float
) -> Tensor:
    steps = joined(probed(cast(flow.steps, dtype), probes))
    states = flow.states(probes).to(dtype)
    like, found = states.flatten(0, 1), []
    block = max(1, BLOCK // flow.state_size)
    for first in range(0, len(like), block):
        rows = slice(first, first + block)
        mine = at(steps, rows)

        def squared(vector: Tensor, mine: Linearisation = mine) -> Tensor:
            image = mine.vjp(mine.jvp(vector.split(flow.widths, -1)))
            return image[0] if len(image) == 1 else torch.cat(image, -1)

        found.append(spectral_norms(squared, like[rows], tolerance))
    norms: Tensor = torch.cat(found).unflatten(0, states.shape[:2])
    return norms


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
