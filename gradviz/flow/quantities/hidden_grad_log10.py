"""log10 ‖∂L/∂h_t‖₂: right where the gradient itself is below the least float."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="hidden_grad_log10",
    title="magnitude of the total gradient, as log10",
    equation="log10 ‖∂L/∂h_t‖₂",
    paper="Bengio, Simard, Frasconi 1994; Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="decades",
    axes=("timestep", "sequence"),
    cost="light",
    measure=lambda flow: flow.hidden_grad_log10,
)
