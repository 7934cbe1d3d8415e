"""∂L/∂h_t through every path: the recurrence included, which `retain_grad` leaves out."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="hidden_grad",
    title="total gradient of the hidden state",
    equation="δ_t = ∂L/∂h_t = (J_{t+1}ᵀ δ_{t+1})_h + direct term",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="loss",
    axes=("timestep", "sequence", "unit"),
    cost="light",
    measure=lambda flow: flow.hidden_grad,
)
