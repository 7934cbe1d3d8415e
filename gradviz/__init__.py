"""gradviz: see gradients flow through recurrent networks.

The nouns: a **RunConfig** says all that decides a run; a **Trainer** makes one
**StepRecord** a step; a **History** keeps them for the pictures; **watch** is the
instrument, which measures any model that holds `nn.RNN`, `nn.LSTM` or `nn.GRU`; a
**Recorder** keeps a whole training of such a model in a file.

torch is imported only when a name needs it, so the web server never does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gradviz.config import ConfigError, RunConfig
from gradviz.history import Frame, History, LayerRecord, StepRecord

if TYPE_CHECKING:
    from gradviz import figures
    from gradviz.flow import LayerFlow, watch
    from gradviz.flow.quantities import quantities
    from gradviz.recorder import Recorder
    from gradviz.training import Trainer

__version__ = "0.1.0"

__all__ = [
    "ConfigError",
    "Frame",
    "History",
    "LayerFlow",
    "LayerRecord",
    "Recorder",
    "RunConfig",
    "StepRecord",
    "Trainer",
    "figures",
    "quantities",
    "watch",
]

_LAZY = {
    "LayerFlow": "gradviz.flow",
    "Recorder": "gradviz.recorder",
    "Trainer": "gradviz.training",
    "quantities": "gradviz.flow.quantities",
    "watch": "gradviz.flow",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    if name == "figures":
        return import_module("gradviz.figures")
    raise AttributeError(f"module 'gradviz' has no attribute {name!r}")
