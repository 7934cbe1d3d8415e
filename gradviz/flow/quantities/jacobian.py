"""The step Jacobian as a matrix."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="jacobian",
    title="Jacobian of one timestep, t = 1 unless asked for another",
    equation="J_t = ∂s_t/∂s_{t−1}",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="1",
    axes=("sequence", "state", "state"),
    cost="light",
    measure=lambda flow, t=1: flow.jacobian(t),
)
