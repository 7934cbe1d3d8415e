"""The instrument: `watch(model)` notes a forward and backward pass; LayerFlow measures it."""

from __future__ import annotations

from gradviz.flow.close_up import close_up
from gradviz.flow.errors import WatchError
from gradviz.flow.grad_norm import GradNorm, GradNorms
from gradviz.flow.jacobian_norms import SpectralStart
from gradviz.flow.layer_flow import LayerFlow
from gradviz.flow.parameter_flow import ParameterFlow
from gradviz.flow.record import (
    DEAR_LIMIT,
    SPECTRAL_TOLERANCE,
    LayerRecorder,
    window_record,
)
from gradviz.flow.truncated import joined
from gradviz.flow.watch import Watch, watch
from gradviz.flow.window import WindowWatch, watch_window

__all__ = [
    "DEAR_LIMIT",
    "SPECTRAL_TOLERANCE",
    "GradNorm",
    "GradNorms",
    "LayerFlow",
    "LayerRecorder",
    "ParameterFlow",
    "SpectralStart",
    "Watch",
    "WatchError",
    "WindowWatch",
    "close_up",
    "joined",
    "watch",
    "watch_window",
    "window_record",
]
