"""What a slide may name: the pages, their pictures, what can be hidden."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

PageName = Literal["live_training", "vanishing", "gates", "clipping", "cliff", "compare"]

PAGES: tuple[str, ...] = get_args(PageName)

PICTURES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "live_training": (
            "loss",
            "gradient_flow",
            "gradient_flow_over_training",
            "step_jacobians",
            "transport",
            "gates",
            "clipping",
            "truncation",
            "carried_state",
        ),
        "vanishing": ("transport_by_lag", "eigenvalues", "singular_values", "pulse", "powers"),
        "gates": ("gate_maps", "gate_means", "forget_path", "half_life", "saturation_triangle"),
        "clipping": (
            "clip_losses",
            "clip_norms",
            "clip_angle",
            "clipped_share",
            "effective_learning_rate",
        ),
        "cliff": ("surface_3d", "contour", "descent"),
        "compare": (
            "compare_loss",
            "compare_horizon",
            "compare_flow",
            "compare_transport",
            "compare_norm",
            "compare_accuracy",
        ),
    }
)
"""Page → the pictures that a slide on it may choose from, in the page's own order."""

HIDEABLE = ("sidebar", "header", "title", "words", "train", "scrub", "terms", "export")
"""What `hide` may name: the parts of a page, as `?hide=` has them."""

SEVERAL = ("clipping", "compare")
"""Pages that show several set-ups, which are a scenario's variants or a slide's `versus`."""

WITHOUT_RUN = ("cliff",)
"""Pages that train nothing."""
