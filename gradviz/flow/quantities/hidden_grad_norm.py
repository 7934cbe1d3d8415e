"""‖∂L/∂h_t‖₂: the curve that vanishes or explodes."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="hidden_grad_norm",
    title="magnitude of the total gradient",
    equation="‖∂L/∂h_t‖₂",
    paper="Bengio, Simard, Frasconi 1994; Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="loss",
    axes=("timestep", "sequence"),
    cost="light",
    measure=lambda flow: flow.hidden_grad_norm,
)
