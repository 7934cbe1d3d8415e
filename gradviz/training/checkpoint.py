"""Checkpoint: all that decides the steps to come, as bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gradviz.config import RunConfig
from gradviz.model import Carried

LIVE_SETTINGS = frozenset({"learning_rate", "clip_threshold"})
"""A run's own settings that may change while it goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """Of a Trainer between two steps."""

    config: RunConfig
    """In force then."""
    step: int
    """Steps taken."""
    model: dict[str, Any]
    """Its state_dict."""
    update: dict[str, Any]
    """The optimiser's state_dict."""
    generator: Tensor
    """Where the stream of batches is."""
    state: Carried | None
    """Carried to the next batch, where the run is stateful."""

    def to_bytes(self) -> bytes:
        """For `from_bytes`."""
        buffer = io.BytesIO()
        torch.save(
            {
                "config": self.config.to_dict(),
                "step": self.step,
                "model": self.model,
                "update": self.update,
                "generator": self.generator,
                "state": self.state,
            },
            buffer,
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Checkpoint:
        """What `to_bytes` gave, on the CPU; no code in it is run."""
        entries = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
        return cls(**{**entries, "config": RunConfig.from_dict(entries["config"])})

    def check_run(self, config: RunConfig) -> None:
        """Refuse a run with other settings.

        Raises:
            ValueError: where they differ in more than LIVE_SETTINGS.
        """
        others = set(self.config.differences(config)) - LIVE_SETTINGS
        if others:
            raise ValueError(
                f"The checkpoint must be of a run with the same settings, got one that differs in "
                f"{', '.join(sorted(others))}; make a Trainer of its own config."
            )
