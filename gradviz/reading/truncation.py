"""A gradient that was stopped, in words: truncation is not vanishing, and the state goes on."""

from __future__ import annotations

import math

import numpy as np

from gradviz.config import RecordedConfig, RunConfig
from gradviz.history import Frame
from gradviz.reading.phrases import number, ten_to, timesteps_of


def stopped_after(config: RunConfig | RecordedConfig) -> int | None:
    """Timesteps back at which the gradient of the last loss stops; None where it goes all the way.

    k2, of a run with truncated backpropagation.
    """
    if not isinstance(config, RunConfig) or not config.windows:
        return None
    return config.windows[-1].end - config.windows[-1].first


def back(config: RunConfig | RecordedConfig) -> str:
    """Where it stops, "20 timesteps back"; of losses between two passes, at most so many."""
    lag = stopped_after(config)
    assert lag is not None
    assert isinstance(config, RunConfig)
    several = len(config.windows) > 1 and config.windows[-1].end - config.windows[-1].since > 1
    return f"{'at most ' if several else ''}{timesteps_of(lag)} back"


def goes_on(first_log10: float, where: str = "") -> str:
    """The state's own way, by log10 ‖∂s_T/∂s_1‖."""
    return f"the state goes on (‖∂s_T/∂s_1‖ = {_size(first_log10)}{where})"


def carried(config: RunConfig | RecordedConfig, frame: Frame) -> list[str]:
    """What a stateful run's batch began with: of the layer whose state is largest, middle probe."""
    if not isinstance(config, RunConfig) or config.state == "stateless":
        return []
    norms = {
        name: float(np.sort(layer.start_norm)[len(layer.start_norm) // 2])
        for name, layer in frame.layers.items()
        if layer.start_norm is not None
    }
    if not norms or not all(map(math.isfinite, norms.values())):
        return []
    name = max(norms, key=lambda each: norms[each])
    if not norms[name]:
        return ["the walk through the data began anew, with a state of zeros"]
    where = f" in {name}" if len(norms) > 1 else ""
    size = f"‖s_0‖ = {number(norms[name])}{where}"
    return [f"the batch began with the state of the one before ({size})"]


def _size(log10: float) -> str:
    return "0" if log10 == -math.inf else ten_to(log10)
