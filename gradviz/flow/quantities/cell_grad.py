"""∂L/∂c_t through every path, h_t of the same timestep included.

Index legend: T timesteps, B recorded sequences, P size of h_t, H hidden size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from gradviz.cells import MemoryLinearisation
from gradviz.flow.measured import measured
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.steps import cast, going

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def cell_grad(flow: LayerFlow) -> Tensor:
    """(T, B, H) float64: ∂L/∂c_t; 0 below 1e-308.

    Raises:
        ValueError: for a cell without a cell state.
    """
    total, steps = flow.total, going(flow.steps)
    if not isinstance(steps, MemoryLinearisation):
        raise ValueError(f"cell_grad is an LSTM's; this layer is a {flow.cell_name}.")
    plain = cast(steps, total.parts[0].dtype)
    return flow.order.placed(total.scaled(plain.cell_grad(total.parts)).double(), 0.0)


QUANTITY = Quantity(
    name="cell_grad",
    title="total gradient of an LSTM's memory",
    equation="∂L/∂c_t",
    paper="Hochreiter, Schmidhuber 1997",
    unit="loss",
    axes=("timestep", "sequence", "unit"),
    cost="light",
    measure=cell_grad,
    needs="a memory",
)
