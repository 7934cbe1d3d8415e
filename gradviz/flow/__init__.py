"""The instrument: `watch(model)` notes a forward and backward pass; LayerFlow measures it."""

from __future__ import annotations

from gradviz.flow.layer_flow import LayerFlow
from gradviz.flow.spectral import SpectralStart
from gradviz.flow.watch import Watch, WatchError, watch

__all__ = ["LayerFlow", "SpectralStart", "Watch", "WatchError", "watch"]
