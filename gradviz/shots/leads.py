"""Which pictures stand for a scenario: one that leads, and those that a chapter needs besides."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gradviz.scenarios import SCENARIOS
from gradviz.shots.shot import PictureShot

OF_A_PAGE: Mapping[str, str] = MappingProxyType(
    {
        "live_training": "transport",
        "vanishing": "transport_by_lag",
        "gates": "gate_maps",
        "clipping": "clip_losses",
        "compare": "compare_loss",
        "remedies": "compare_loss",
    }
)
"""The picture that leads, by page."""

OF_A_SCENARIO: Mapping[str, str] = MappingProxyType(
    {
        "gating": "gradient_flow_over_training",
        "explosion": "clipping",
        "explosion_clipped": "clipping",
        "clipping": "loss",
        "overclipped": "loss",
        "irnn": "gradient_flow_over_training",
        "long": "gradient_flow",
        "copy": "gradient_flow",
        "digits_pixels": "gradient_flow_over_training",
        "peepholes": "gates",
        "coupled_gates": "gates",
        "layer_norm": "step_jacobians",
        "layer_norm_gated": "loss",
        "minimal_gate": "gates",
        "identity_start": "gradient_flow_over_training",
        "no_memory": "gradient_flow",
        "qrnn": "gates",
        "sru": "gates",
        "lru_copy": "loss",
        "readout_mean": "gradient_flow",
        "readout_sum": "gradient_flow",
        "readout_attention": "gradient_flow",
        "deep": "gradient_flow",
        "deep_residual": "gradient_flow",
        "both_directions": "gradient_flow",
        "bottleneck_copy": "bottleneck",
        "bottleneck_attention": "bottleneck",
        "reversed_source": "bottleneck",
        "reversed_copy": "bottleneck",
        "forecast_years": "loss",
        "chaos": "loss",
        "wave": "gradient_flow",
        "two_in_two_out": "loss",
        "truncation_too_short": "truncation",
        "truncation_not_vanishing": "gradient_flow",
        "truncation_windows": "truncation",
        "stateful": "carried_state",
        "word_lm": "loss",
        "word_lm_dropout": "loss",
        "char_lm": "loss",
        "cure_standardised": "loss",
        "cure_omega": "gradient_flow_over_training",
        "cure_spectral": "clipping",
        "cure_batch_norm": "loss",
        "cure_by_heart": "loss",
        "explosion_kinds": "clip_norms",
        "forget_biases": "compare_horizon",
        "gains": "compare_transport",
        "readouts": "compare_flow",
        "skips": "compare_flow",
        "bottleneck": "compare_flow",
        "truncations": "compare_flow",
        "cures_recall": "compare_horizon",
        "cures_exploding": "compare_norm",
        "sick_vanishing": "compare_flow",
        "sick_exploding": "remedy_losses",
        "sick_infinite": "compare_norm",
        "sick_forgetful_lstm": "remedy_losses",
        "sick_deep": "remedy_losses",
        "sick_chaotic": "compare_flow",
    }
)
"""Where another picture than the page's shows the point better."""

FURTHER: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("vanishing", ("loss", "gradient_flow", "gradient_flow_over_training")),
    ("gating", ("loss", "transport", "gates")),
    ("explosion", ("loss",)),
    ("forget_bias_high", ("gates",)),
    ("truncation_not_vanishing", ("transport",)),
    ("gain_small", ("eigenvalues", "pulse")),
    ("gain_one", ("eigenvalues", "singular_values", "pulse", "powers")),
    ("gain_large", ("eigenvalues", "pulse")),
    ("gain_default", ("eigenvalues", "singular_values")),
    ("gates_bias_0", ("forget_path", "half_life")),
    ("gates_bias_2", ("forget_path", "half_life", "gate_means", "saturation_triangle")),
    ("gates_bias_chrono", ("forget_path", "half_life")),
    ("nan_or_learning", ("clip_norms", "norm_percentiles")),
    ("clipping_kinds", ("clip_norms", "clip_angle", "clipped_share", "effective_learning_rate")),
    ("cells", ("compare_horizon", "compare_transport")),
    ("cures_recall", ("compare_loss",)),
    ("cures_exploding", ("compare_loss",)),
)
"""Scenario to the pictures that chapters show beside the leading one."""

TICKED: Mapping[str, str] = MappingProxyType(
    {
        "sick_exploding": "clip_norm,clip_value,clip_adaptive",
        "sick_forgetful_lstm": "zoneout,chrono,attention",
        "sick_deep": "residual",
    }
)
"""Remedies that are ticked beside a disease: those of which a run was recorded."""

ON_PAPER: Mapping[str, str] = MappingProxyType(
    {
        "powers": "Two units on paper, of which the second drives the first: both eigenvalues lie "
        "inside the unit circle, and still the norm of the powers of W grows before it falls."
    }
)
"""Pictures that are of no run, each with what it shows as its page opens."""

CLIFF = ("surface_3d", "contour", "descent")
"""Of the page without runs."""


def lead_of(scenario: str) -> str:
    """The picture that stands for a scenario."""
    return OF_A_SCENARIO.get(scenario) or OF_A_PAGE[SCENARIOS[scenario].page]


def picture_shots() -> list[PictureShot]:
    """All, by scenario; the leading picture of each comes first."""
    further = dict(FURTHER)
    shots = [
        PictureShot(
            page=scenario.page,
            scenario=name,
            picture=picture,
            query={"with": TICKED[name], "seeds": "1"} if name in TICKED else {},
        )
        for name, scenario in SCENARIOS.items()
        for picture in (lead_of(name), *further.get(name, ()))
    ]
    return shots + [PictureShot(page="cliff", picture=picture) for picture in CLIFF]
