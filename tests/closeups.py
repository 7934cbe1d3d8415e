"""Close-ups and runs made by hand, whose numbers are round: the vanishing lesson's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from fabricated import frame, gate_closeup, row

from gradviz.config import RunConfig
from gradviz.history import CloseUp, History


def close_up(config: RunConfig, *, rate: float = 0.9, **more: Any) -> CloseUp:
    """The top layer, its gradient shrinking by `rate` a timestep; what `more` names is as said."""
    T, plain = config.timesteps, config.cell == "rnn"
    N = config.hidden_size * (2 if config.cell == "lstm" else 1)
    pulse = np.random.default_rng(0).normal(size=(T + 1, N))
    pulse[T] = np.eye(N)[0]
    angle = np.linspace(0, 2 * np.pi, config.hidden_size, endpoint=False)
    usual: dict[str, Any] = {
        "layer": f"l{config.num_layers - 1}",
        "recurrent_eigenvalues": (0.6 * np.exp(1j * angle)).astype("c8") if plain else None,
        "jacobian_eigenvalues": np.linspace(-0.5, 0.4, N).astype("c8"),
        "jacobian_singular_values": np.linspace(1.1, 0.2, N).astype("f4"),
        "pulse": (pulse / np.linalg.norm(pulse, axis=1, keepdims=True)).astype("f4"),
        "pulse_log10": (T - np.arange(T + 1)) * np.log10(rate),
        "transport_rms_log10": (T - 1 - np.arange(T)) * np.log10(rate) * 1.1,
        "weight_variance": 1 / 3 if plain else None,
        "drive_variance": 0.4 if plain else None,
    }
    return replace(gate_closeup(config), **(usual | more))


def seen(
    config: RunConfig, closeup: CloseUp | None = None, *, step: int = 7, **layer: Any
) -> History:
    """A run with one frame, and this close-up of it."""
    history = History(config)
    history.append_scalars([row(step)])
    history.append_frame(replace(frame(config, step, **layer), closeup=closeup))
    return history
