"""How much one timestep can grow a disturbance at most."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="jacobian_norm",
    title="norm of the step Jacobian",
    equation="‖J_t‖₂ = σ_max(J_t), or ‖J_t‖_F",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063); by Golub, Kahan 1965",
    unit="1",
    axes=("timestep", "sequence"),
    cost="dear",
    measure=lambda flow, **options: flow.jacobian_norm(**options),
)
