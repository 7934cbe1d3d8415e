"""Histories made with NumPy instead of a training, so that a picture's numbers are known.

Index legend: T timesteps, P probe sequences, Q of them with the dear quantities, H hidden size.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradviz.config import RunConfig
from gradviz.history import Frame, History, LayerFrame, LayerRecord, StepRecord

GATES = {
    "rnn": (),
    "lstm": ("input", "forget", "candidate", "output"),
    "gru": ("reset", "update", "candidate"),
}


def layer_frame(
    config: RunConfig, *, rate: float = 0.9, noise: float = 0.1, probes: int = 8, seed: int = 0
) -> LayerFrame:
    """A layer whose gradient shrinks by `rate` each timestep back, and its transport alike."""
    draw = np.random.default_rng(seed)
    T, Q = config.timesteps, max(probes // 2, 1)
    transport = (T - 1 - np.arange(T))[:, None] * np.log10(rate) + np.zeros((T, Q))
    reached = 10 ** transport[::-1] <= 1 / np.e
    lag = np.where(reached.any(axis=0), reached.argmax(axis=0), np.inf)
    bounded = config.cell == "rnn"
    return LayerFrame(
        hidden_grad_log10=(transport[:, :1] + draw.normal(0, noise, (T, probes))).astype("f4"),
        gates={
            gate: np.stack([np.full(T, 0.5), np.full(T, 0.3), np.full(T, 0.7)]).astype("f4")
            for gate in GATES[config.cell]
        },
        jacobian_norm=np.full((T, Q), rate, dtype="f4"),
        jacobian_bound=1.25 if bounded else None,
        transport_log10=transport.astype("f4"),
        gradient_horizon=lag.astype("f4"),
    )


def frame(config: RunConfig, step: int = 1, **layer: Any) -> Frame:
    """A frame with a layer for each of the config's."""
    layers = {f"l{i}": layer_frame(config, seed=i, **layer) for i in range(config.num_layers)}
    return Frame(step=step, layers=layers)


def row(step: int, **scalars: float) -> tuple[float, ...]:
    """One step's scalars; what is not named is unremarkable."""
    usual = {
        "loss": 0.2,
        "accuracy": np.nan,
        "grad_norm_pre": 0.5,
        "grad_norm_post": 0.5,
        "clipped": 0.0,
        "learning_rate": 3e-3,
        "clip_threshold": 1.0,
        "clip_angle": 0.0,
    }
    return (float(step), *(usual | scalars).values())


def fabricate(
    config: RunConfig | None = None,
    *,
    steps: int = 120,
    every: int = 5,
    floor: float | None = 1 / 6,
    scalars: dict[str, Any] | None = None,
    **layer: Any,
) -> History:
    """A run of `steps` steps with a frame every `every`; scalars by name, one value or (steps,)."""
    config = config or RunConfig()
    history = History(config, floor=floor)
    columns = {name: np.broadcast_to(values, steps) for name, values in (scalars or {}).items()}
    for step in range(1, steps + 1):
        now = {name: float(values[step - 1]) for name, values in columns.items()}
        history.append_scalars([row(step, **now)])
        if (step - 1) % every == 0:
            history.append_frame(frame(config, step, **layer))
    return history


def record(step: int, layers: dict[str, LayerRecord] | None = None, **more: Any) -> StepRecord:
    """A StepRecord."""
    usual: dict[str, Any] = {
        "loss": 0.2,
        "accuracy": None,
        "grad_norm_pre": 2.0,
        "grad_norm_post": 1.0,
        "clipped": True,
        "learning_rate": 3e-3,
        "clip_threshold": 1.0,
    }
    return StepRecord(step=step, layers=layers or {}, **(usual | more))
