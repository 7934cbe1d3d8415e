"""The measured quantities: one file each, and one line here."""

from __future__ import annotations

from gradviz.flow.quantities import (
    cell_grad,
    cell_transport_log10,
    clip_angle,
    clip_factor,
    forget_path,
    forget_product_log10,
    gate_saturation,
    gates,
    grad_norm_pre,
    gradient_horizon,
    gradient_snr,
    hidden_grad,
    hidden_grad_log10,
    hidden_grad_norm,
    jacobian,
    jacobian_bound,
    jacobian_eigenvalues,
    jacobian_norm,
    jacobian_singular_values,
    last_state_grad_log10,
    lyapunov_exponents,
    spectral_radius,
    start_norm,
    transport_condition_log10,
    transport_log10,
    update_leak,
    update_to_weight,
    weight_grad_by_timestep,
)
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.quantities.split import Split

__all__ = ["QUANTITIES", "Quantity", "Split", "quantities"]

QUANTITIES: tuple[Quantity, ...] = (
    # The gradient.
    hidden_grad.QUANTITY,
    hidden_grad_norm.QUANTITY,
    hidden_grad_log10.QUANTITY,
    cell_grad.QUANTITY,
    # What it began with.
    start_norm.QUANTITY,
    last_state_grad_log10.QUANTITY,
    # The gates.
    gates.QUANTITY,
    gate_saturation.QUANTITY,
    forget_path.QUANTITY,
    forget_product_log10.QUANTITY,
    cell_transport_log10.QUANTITY,
    update_leak.QUANTITY,
    # One timestep.
    jacobian.QUANTITY,
    jacobian_norm.QUANTITY,
    jacobian_bound.QUANTITY,
    spectral_radius.QUANTITY,
    jacobian_eigenvalues.QUANTITY,
    jacobian_singular_values.QUANTITY,
    # Many timesteps.
    transport_log10.QUANTITY,
    transport_condition_log10.QUANTITY,
    gradient_horizon.QUANTITY,
    lyapunov_exponents.QUANTITY,
    # The weights.
    weight_grad_by_timestep.QUANTITY,
    gradient_snr.QUANTITY,
    grad_norm_pre.QUANTITY,
    clip_factor.QUANTITY,
    clip_angle.QUANTITY,
    update_to_weight.QUANTITY,
)


def quantities() -> tuple[Quantity, ...]:
    """All that can be measured; each says its name, equation, paper, unit, axes and cost."""
    return QUANTITIES
