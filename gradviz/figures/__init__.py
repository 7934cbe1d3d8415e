"""One function a picture: History → plotly Figure. Never streamlit, never torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import plotly.graph_objects as go

from gradviz.figures.bottleneck import bottleneck
from gradviz.figures.carried_state import carried_state
from gradviz.figures.cliff_contour import contour
from gradviz.figures.cliff_descent import descent
from gradviz.figures.cliff_surface import surface_3d
from gradviz.figures.clip_comparison import (
    clip_angle,
    clip_norms,
    clipped_share,
    effective_learning_rate,
)
from gradviz.figures.clip_thresholds import ThresholdRow, norm_percentiles, threshold_table
from gradviz.figures.compare_over_time import compare_flow, compare_transport
from gradviz.figures.compare_over_training import (
    compare_accuracy,
    compare_horizon,
    compare_loss,
    compare_norm,
)
from gradviz.figures.gate_bands import gates
from gradviz.figures.gate_maps import gate_maps
from gradviz.figures.gate_use import gate_means, saturation_triangle
from gradviz.figures.heatmap import gradient_flow_over_training
from gradviz.figures.lag import transport_by_lag
from gradviz.figures.memory import forget_path, half_life
from gradviz.figures.nonnormal import powers
from gradviz.figures.over_time import gradient_flow, step_jacobians, transport
from gradviz.figures.over_training import clipping, loss
from gradviz.figures.remedies import remedy_losses
from gradviz.figures.series import series
from gradviz.figures.spectrum import eigenvalues, singular_values
from gradviz.figures.truncation import truncation
from gradviz.figures.unit_pulse import pulse

__all__ = [
    "CLIFF",
    "CLIPPING",
    "COMPARE",
    "ENCODER_DECODER",
    "GATES",
    "LIVE",
    "STATE",
    "VANISHING",
    "ThresholdRow",
    "as_json",
    "bottleneck",
    "carried_state",
    "clip_angle",
    "clip_norms",
    "clipped_share",
    "clipping",
    "compare_accuracy",
    "compare_flow",
    "compare_horizon",
    "compare_loss",
    "compare_norm",
    "compare_transport",
    "contour",
    "descent",
    "effective_learning_rate",
    "eigenvalues",
    "forget_path",
    "gate_maps",
    "gate_means",
    "gates",
    "gradient_flow",
    "gradient_flow_over_training",
    "half_life",
    "loss",
    "norm_percentiles",
    "powers",
    "pulse",
    "remedy_losses",
    "saturation_triangle",
    "series",
    "singular_values",
    "step_jacobians",
    "surface_3d",
    "threshold_table",
    "transport",
    "transport_by_lag",
    "truncation",
]

LIVE: Mapping[str, Callable[..., go.Figure]] = MappingProxyType(
    {
        "loss": loss,
        "gradient_flow": gradient_flow,
        "gradient_flow_over_training": gradient_flow_over_training,
        "step_jacobians": step_jacobians,
        "transport": transport,
        "gates": gates,
        "clipping": clipping,
    }
)
"""The pictures of a live run, in their order on the page."""

STATE: Mapping[str, Callable[..., go.Figure]] = MappingProxyType(
    {"truncation": truncation, "carried_state": carried_state}
)
"""The pictures of a live run whose gradient stops, and of one whose state goes on."""

ENCODER_DECODER: Mapping[str, Callable[..., go.Figure]] = MappingProxyType(
    {"bottleneck" if name == "gradient_flow" else name: each for name, each in LIVE.items()}
    | {"bottleneck": bottleneck}
)
"""Those of a live encoder–decoder: its gradient flow crosses the bottleneck."""

GATES: Mapping[str, Callable[..., go.Figure]] = MappingProxyType(
    {
        "gate_maps": gate_maps,
        "gate_means": gate_means,
        "forget_path": forget_path,
        "half_life": half_life,
        "saturation_triangle": saturation_triangle,
    }
)
"""The pictures of one sequence's gates, which need close-ups."""

VANISHING: Mapping[str, Callable[..., go.Figure]] = MappingProxyType(
    {
        "transport_by_lag": transport_by_lag,
        "eigenvalues": eigenvalues,
        "singular_values": singular_values,
        "pulse": pulse,
    }
)
"""The pictures of vanishing and exploding gradients, which need close-ups."""

CLIFF: Mapping[str, Callable[..., go.Figure]] = MappingProxyType(
    {"surface_3d": surface_3d, "contour": contour, "descent": descent}
)
"""The pictures of the one-unit error surface: of descents, not of a History."""

COMPARE: Mapping[str, Callable[..., go.Figure]] = MappingProxyType(
    {
        "compare_loss": compare_loss,
        "compare_horizon": compare_horizon,
        "compare_flow": compare_flow,
        "compare_transport": compare_transport,
        "compare_norm": compare_norm,
        "compare_accuracy": compare_accuracy,
    }
)
"""The pictures of several set-ups, in their order on the page."""

CLIPPING: Mapping[str, Callable[..., go.Figure]] = MappingProxyType(
    {
        "clip_losses": compare_loss,
        "clip_norms": clip_norms,
        "clip_angle": clip_angle,
        "clipped_share": clipped_share,
        "effective_learning_rate": effective_learning_rate,
    }
)
"""The pictures of several clips, in their order on the page."""


def as_json(figure: go.Figure) -> str:
    """Plotly's own JSON; arrays as base64 in their own precision."""
    text: str = figure.to_json()
    return text
