"""How much of a disturbance at t can be left, or have grown, at T."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="transport_log10",
    title="transport from each timestep to the last, as log10",
    equation="log10 ‖P_t‖₂, P_t = ∂s_T/∂s_t = J_T J_{T−1} … J_{t+1}",
    paper="Bengio, Simard, Frasconi 1994; Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="decades",
    axes=("timestep", "sequence"),
    cost="dear",
    measure=lambda flow, **options: flow.transport_log10(**options),
)
