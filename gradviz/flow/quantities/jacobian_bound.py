"""What no timestep of a plain RNN can exceed."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="jacobian_bound",
    title="bound on the Jacobian's norm at every timestep",
    equation="‖J_t‖₂ ≤ γ ‖W_hh‖₂, γ = 1 (tanh, relu)",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="1",
    axes=(),
    cost="light",
    measure=lambda flow: flow.jacobian_bound,
    cells=("rnn",),
)
