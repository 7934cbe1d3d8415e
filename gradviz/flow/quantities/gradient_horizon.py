"""The least lag at which transport has fallen to 1/e; ∞ if it never has."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="gradient_horizon",
    title="how many timesteps back the last state still feels",
    equation="min k with ‖∂s_T/∂s_{T−k}‖₂ ≤ 1/e",
    paper="defined here, after Bengio, Simard, Frasconi 1994",
    unit="timesteps",
    axes=("sequence",),
    cost="dear",
    measure=lambda flow, **options: flow.gradient_horizon(**options),
)
