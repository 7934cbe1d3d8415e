"""Condition number of the transport: how unequally the directions of the state are carried.

    κ(P_t) = σ_max(P_t) / σ_min(P_t),   P_t = ∂s_T/∂s_t = J_T … J_{t+1}

Dynamical isometry is κ near 1 (Chen, Pennington & Schoenholz 2018, arXiv 1806.05394). The
least singular value of a product is below its rounding after a few timesteps, so it is
taken from the inverse: σ_min(P) = 1/σ_max(P⁻¹), P_{t−1}⁻¹ = J_t⁻¹ P_t⁻¹, by solves with each J.

Index legend: T timesteps, Q probes, N state size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.cells import Linearisation, State
from gradviz.flow.measured import measured
from gradviz.flow.quantities.products import double_steps, log10_norms, renormalised
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.steps import each_timestep, spread

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def transport_condition_log10(
    flow: LayerFlow, *, probes: int | None = None, tolerance: float = 1e-6
) -> Tensor:
    """(T, Q) float64: log10 κ(P_t); 0 at t = T, ∞ where a Jacobian on the way is singular.

    It never under- or overflows.

    Args:
        flow: of a layer.
        probes: of the first so many sequences; None: all.
        tolerance: relative error of the norms.
    """
    steps = each_timestep(spread(double_steps(flow, probes)))
    batch = len(flow.hidden[0, :probes])
    eye = torch.eye(flow.state_size, dtype=torch.float64, device=flow.hidden.device)
    eyes = eye.expand(batch, -1, -1).contiguous()
    lost = [torch.zeros(batch, dtype=torch.bool, device=eye.device)]
    solves: list[Callable[[State], State]] = [
        partial(_solved, step, eyes, flow.widths, lost) for step in steps[:0:-1]
    ]
    inverses = ((state[0], log) for state, log in renormalised((eyes,), solves))
    least = log10_norms(inverses, "spectral", tolerance).flip(0)
    largest = flow.order.turned(flow.transport_log10(probes=probes, tolerance=tolerance))
    # Rounding makes an isometry's condition number a little less than 1.
    condition = (largest + least).clamp_min(0)
    condition = torch.where(torch.stack(lost).flip(0), math.inf, condition)
    return flow.order.placed(condition)


def _solved(
    step: Linearisation, eyes: Tensor, widths: tuple[int, ...], lost: list[Tensor], state: State
) -> State:
    """J⁻¹ times the columns; where J is singular the columns as they are, noted in `lost`."""
    jacobian = torch.cat(step.jvp(eyes.split(widths, -1)), -1).mT
    # Rows may differ by many decades, as where units are saturated; that alone is no loss.
    rows = jacobian.abs().amax(-1, keepdim=True)
    rows = torch.where(rows == 0, 1.0, rows)
    factors, pivots, _ = torch.linalg.lu_factor_ex(jacobian / rows)
    sizes = factors.diagonal(dim1=-2, dim2=-1).abs()
    floor = len(eyes[0]) * torch.finfo(sizes.dtype).eps
    is_singular = sizes.amin(-1) <= floor * sizes.amax(-1)
    lost.append(lost[-1] | is_singular)
    solved = torch.linalg.lu_solve(factors, pivots, state[0] / rows)
    return (torch.where(is_singular[:, None, None], state[0], solved),)


QUANTITY = Quantity(
    name="transport_condition_log10",
    title="condition number of the transport, as log10",
    equation="log10 σ_max(P_t)/σ_min(P_t), P_t = ∂s_T/∂s_t",
    paper="Chen, Pennington, Schoenholz 2018 (arXiv 1806.05394)",
    unit="decades",
    axes=("timestep", "sequence"),
    cost="dear",
    measure=transport_condition_log10,
)
