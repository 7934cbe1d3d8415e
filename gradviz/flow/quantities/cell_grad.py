"""∂L/∂c_t through every path, h_t of the same timestep included."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="cell_grad",
    title="total gradient of an LSTM's memory",
    equation="∂L/∂c_t",
    paper="Hochreiter, Schmidhuber 1997",
    unit="loss",
    axes=("timestep", "sequence", "unit"),
    cost="light",
    measure=lambda flow: flow.cell_grad,
    cells=("lstm",),
)
