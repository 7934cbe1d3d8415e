"""Lyapunov exponents: how fast the directions of a small disturbance grow or shrink.

    Q_t R_t = J_t Q_{t−1},   λ_k = (1/T) Σ_t ln |R_t,kk|

Benettin et al. 1980; for recurrent networks Engelken, Wolf & Abbott 2023 (arXiv 2006.02427)
and Vogt et al. 2022 (arXiv 2006.14123).

Index legend: T timesteps, Q probes, K exponents, N state size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.cells import State
from gradviz.flow.measured import measured
from gradviz.flow.quantities.products import double_steps
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.steps import each_timestep, spread

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow

ALIGN = 50
"""Timesteps that are gone through backwards first.

They turn the start towards the directions that grow most (the right singular vectors of the
product). Without it λ_1 of T = 100 timesteps is too low by about ln √N / T.
"""

STRIDE = 12
"""At most so many timesteps between two QR decompositions."""

SPREAD = 1e5
"""Largest over least |R_kk| that is aimed at between two of them.

The least loses as many digits: beyond SPREAD_LIMIT the timesteps are gone through again.
"""

SPREAD_LIMIT = 1e6


@measured
def lyapunov_exponents(
    flow: LayerFlow, *, probes: int | None = None, count: int | None = None
) -> Tensor:
    """(Q, K) float64, 1/timestep (natural logarithm), from the largest to the least.

    −∞ for as many as the Jacobians lose of their rank.

    Args:
        flow: of a layer.
        probes: of the first so many sequences; None: all.
        count: K, only so many of the largest; None: all N.
    """
    count = flow.state_size if count is None else count
    if not 1 <= count <= flow.state_size:
        raise ValueError(f"count must be 1…{flow.state_size}, or None for all, got {count}.")
    steps = each_timestep(spread(double_steps(flow, probes)))
    batch = len(flow.hidden[0, :probes])
    draw = torch.Generator().manual_seed(0)
    start = torch.randn(batch, flow.state_size, count, generator=draw, dtype=torch.float64)
    columns = torch.linalg.qr(start.to(flow.hidden.device))[0]
    columns = _swept([step.vjp for step in reversed(steps[:ALIGN])], columns, flow.widths)[0]
    growth = _swept([step.jvp for step in steps], columns, flow.widths)[1]
    timesteps = flow.order.steps_read(batch).to(growth.device).unsqueeze(-1)
    return (growth / timesteps).sort(-1, descending=True).values


def _swept(
    steps: list[Callable[[State], State]], columns: Tensor, widths: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    """Orthonormal columns (Q, N, K) after all steps, and (Q, K) Σ ln |R_kk|."""
    growth = torch.zeros_like(columns[:, 0])
    done, stride = 0, 1
    while done < len(steps):
        rows = columns.mT.contiguous()
        for step in steps[done : done + stride]:
            rows = torch.cat(step(rows.split(widths, -1)), -1)
        ahead, sizes = _decomposed(rows.mT)
        wide = _spread(sizes, growth)
        if stride > 1 and not wide < SPREAD_LIMIT:
            stride = 1
            continue
        columns, growth = ahead, growth + sizes.log()
        done, stride = done + stride, _next_stride(wide, stride)
    return columns, growth


def _decomposed(columns: Tensor) -> tuple[Tensor, Tensor]:
    """Q and (Q, K) |R_kk|, which is 0 where only rounding is left of the column."""
    columns, triangle = torch.linalg.qr(columns)
    sizes = triangle.diagonal(dim1=-2, dim2=-1).abs()
    floor = len(columns[0]) * torch.finfo(sizes.dtype).eps
    lengths = torch.linalg.vector_norm(triangle, dim=-2)
    return columns, torch.where(sizes <= floor * lengths, 0.0, sizes)


def _spread(sizes: Tensor, growth: Tensor) -> float:
    """Largest over least of the columns that are still alive, of the worst probe."""
    is_alive = growth > -math.inf
    least = torch.where(is_alive, sizes, math.inf).amin(-1)
    most = torch.where(is_alive, sizes, 0.0).amax(-1)
    ratio = torch.where(is_alive.any(-1), most / least, 1.0)
    return float(ratio.amax())


def _next_stride(wide: float, stride: int) -> int:
    """As many timesteps as keep the spread, growing geometrically, within SPREAD."""
    if not 1 <= wide < math.inf:
        return 1
    per_timestep = math.log(wide) / stride
    return max(1, min(STRIDE, int(math.log(SPREAD) / max(per_timestep, 1e-9))))


QUANTITY = Quantity(
    name="lyapunov_exponents",
    title="growth per timestep of a small disturbance's directions, sorted",
    equation="Q_t R_t = J_t Q_{t−1}, λ_k = (1/T) Σ_t ln |R_t,kk|",
    paper="Benettin et al. 1980; Engelken, Wolf, Abbott 2023 (arXiv 2006.02427); "
    "Vogt et al. 2022 (arXiv 2006.14123)",
    unit="1/timestep",
    axes=("sequence", "state"),
    cost="dear",
    measure=lyapunov_exponents,
)
