"""Transport of an LSTM's memory: the total derivative of the last cell state by each.

    ∂c_T/∂c_t = [0 I] J_T … J_{t+1} [∂h_t/∂c_t; I]

through the forget gates and through every h and gate on the way; h_t is a function of c_t here,
with the output gate held (Hochreiter & Schmidhuber 1997). Compare `forget_product_log10`.

Index legend: T timesteps, Q probes, H hidden size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.flow.measured import measured
from gradviz.flow.quantities.memory_steps import memory_steps
from gradviz.flow.quantities.products import Kind, double_steps, log10_norms, renormalised
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.steps import each_timestep, spread

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def cell_transport_log10(
    flow: LayerFlow,
    kind: Kind = "spectral",
    *,
    probes: int | None = None,
    tolerance: float = 1e-6,
) -> Tensor:
    """(T, Q) float64: log10 ‖∂c_T/∂c_t‖; at t = T it is 0 (spectral) or log10 √H (Frobenius).

    Args:
        flow: of an LSTM layer.
        kind: "spectral" or "frobenius".
        probes: of the first so many sequences; None: all.
        tolerance: relative error of the spectral norm.

    Raises:
        ValueError: for another cell.
    """
    cells = each_timestep(spread(memory_steps(flow, "cell_transport_log10", probes)))[::-1]
    steps = each_timestep(spread(double_steps(flow, probes)))
    eye = torch.eye(flow.widths[1], dtype=torch.float64, device=flow.hidden.device)
    of_cell = eye.expand(len(flow.hidden[0, :probes]), -1, -1).contiguous()
    # Of c_T only: h_T is not asked for.
    start = (of_cell.new_zeros(*of_cell.shape[:2], flow.widths[0]), of_cell)
    states = renormalised(start, [step.vjp for step in steps[:0:-1]])
    products = (
        (cell.cell_grad(state), log) for cell, (state, log) in zip(cells, states, strict=True)
    )
    return flow.order.placed(log10_norms(products, kind, tolerance).flip(0))


QUANTITY = Quantity(
    name="cell_transport_log10",
    title="transport of the memory through every path, as log10",
    equation="log10 ‖∂c_T/∂c_t‖₂",
    paper="Hochreiter, Schmidhuber 1997",
    unit="decades",
    axes=("timestep", "sequence"),
    cost="dear",
    measure=cell_transport_log10,
    needs="a memory",
)
