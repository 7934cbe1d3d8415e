"""How much one timestep can grow a disturbance at most.

Index legend: T timesteps, Q probes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.flow.measured import measured
from gradviz.flow.quantities.jacobian import jacobian_of_rows
from gradviz.flow.quantities.products import Kind
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.spectral import SpectralStart, spectral_norms, start_vectors
from gradviz.flow.steps import cast, probed

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


SAFE = (1e-15, 1e15)
"""Norms whose squares float32 can hold; beyond them float64 is asked again."""


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
        kind: "spectral", σ_max, by Golub–Kahan–Lanczos; or "frobenius".
        probes: of the first so many sequences; None: all.
        tolerance: relative error of the spectral norm.
        warm: carries singular vectors from one call to the next.
    """
    if kind == "frobenius":
        batch = flow.states(probes).shape[1]
        rows = torch.arange(len(flow.hidden), device=flow.hidden.device)
        norms = [
            torch.linalg.matrix_norm(jacobian_of_rows(flow, row.expand(batch))) for row in rows
        ]
        return flow.order.placed(torch.stack(norms))
    norm = _spectral_norms(flow, flow.hidden.dtype, probes, tolerance, warm)
    is_safe = bool(((norm > SAFE[0]) & (norm < SAFE[1])).all())
    if not is_safe and flow.hidden.dtype != torch.float64:
        norm = _spectral_norms(flow, torch.float64, probes, tolerance, warm)
    return flow.order.placed(norm)


def _spectral_norms(
    flow: LayerFlow,
    dtype: torch.dtype,
    probes: int | None,
    tolerance: float,
    warm: SpectralStart | None,
) -> Tensor:
    steps = probed(cast(flow.steps, dtype), probes)
    widths, like = flow.widths, flow.states(probes).to(dtype)
    norms, vectors = spectral_norms(
        lambda vector: torch.cat(steps.jvp(vector.split(widths, -1)), -1),
        lambda vector: torch.cat(steps.vjp(vector.split(widths, -1)), -1),
        start_vectors(like, None if warm is None else warm.fitting(like)),
        tolerance,
    )
    if warm is not None:
        warm.vectors = vectors
    return norms


QUANTITY = Quantity(
    name="jacobian_norm",
    title="norm of the step Jacobian",
    equation="‖J_t‖₂ = σ_max(J_t), or ‖J_t‖_F",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063); by Golub, Kahan 1965",
    unit="1",
    axes=("timestep", "sequence"),
    cost="dear",
    measure=jacobian_norm,
)
