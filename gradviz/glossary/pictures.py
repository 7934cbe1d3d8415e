"""Which terms stand in which picture."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

_GATE_NAMES = (
    "gate",
    "input_gate",
    "forget_gate",
    "output_gate",
    "candidate",
    "reset_gate",
    "update_gate",
    "highway_gate",
)

PICTURE_TERMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "loss": ("loss", "floor", "accuracy", "held_out", "step"),
        "gradient_flow": ("total_gradient", "timestep", "probe", "float32_floor"),
        "bottleneck": (
            "bottleneck",
            "encoder_decoder",
            "global_attention",
            "total_gradient",
            "gradient_horizon",
        ),
        "gradient_flow_over_training": ("total_gradient", "timestep", "step"),
        "step_jacobians": ("jacobian", "spectral_norm", "pascanu_bound"),
        "transport": ("transport", "gradient_horizon", "float32_floor"),
        "gates": _GATE_NAMES,
        "clipping": ("gradient_norm", "clip_norm", "clip_value", "clip_threshold"),
        "truncation": ("truncated_bptt", "transport", "timestep"),
        "carried_state": ("stateful", "step"),
        "transport_by_lag": (
            "transport",
            "lag",
            "linear_network",
            "pascanu_bound",
            "mean_field",
            "gradient_horizon",
        ),
        "eigenvalues": ("eigenvalue", "spectral_radius", "jacobian"),
        "singular_values": ("singular_value", "spectral_norm", "jacobian", "spectral_cap"),
        "pulse": ("pulse", "bptt", "jacobian"),
        "powers": ("non_normal", "spectral_radius", "spectral_norm"),
        "gate_maps": (*_GATE_NAMES, "timestep"),
        "gate_means": (*_GATE_NAMES, "timestep"),
        "saturation_triangle": ("saturation", "gate"),
        "forget_path": ("forget_path", "forget_gate", "transport", "update_gate", "chrono_init"),
        "half_life": ("half_life", "forget_gate", "update_gate", "chrono_init"),
        "remedy_losses": ("verdict", "loss", "floor", "solved", "lost_run", "held_out"),
        "clip_losses": ("loss", "floor", "clip_norm", "clip_value", "clip_agc"),
        "clip_norms": ("gradient_norm", "clip_threshold", "clip_factor"),
        "clip_angle": ("clip_angle", "clip_value", "clip_norm"),
        "clipped_share": ("clipped_share", "clip_threshold"),
        "effective_learning_rate": (
            "effective_learning_rate",
            "learning_rate",
            "clip_factor",
            "schedule",
        ),
        "surface_3d": ("error_surface", "cliff"),
        "contour": ("error_surface", "cliff", "gradient", "clip_norm"),
        "descent": ("error_surface", "step", "learning_rate", "clip_norm"),
        "compare_loss": ("loss", "floor", "step"),
        "compare_horizon": ("gradient_horizon", "transport", "step"),
        "compare_flow": ("total_gradient", "timestep", "float32_floor"),
        "compare_transport": ("transport", "timestep"),
        "compare_norm": ("gradient_norm", "clip_threshold", "step"),
        "compare_accuracy": ("accuracy", "step"),
        "norm_percentiles": ("gradient_norm", "clip_threshold", "clipped_share"),
    }
)
"""A picture's name → the terms that stand in it, the most telling first."""


def terms_in(picture: str, gates: Collection[str] | None = None) -> tuple[str, ...]:
    """The terms that stand in a picture of networks with these gates, the most telling first.

    Args:
        picture: its name; one that is not known has no terms.
        gates: names as a cell's, the candidate among them; None: of any cell.
    """
    terms = PICTURE_TERMS.get(picture, ())
    if gates is None:
        return terms
    there = {name if name == "candidate" else f"{name}_gate" for name in gates}
    others = {*_GATE_NAMES[1:]} - there
    return tuple(term for term in terms if term not in others)
