"""Remedy: a cure that can be tried on any set-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from gradviz.config.run_config import RunConfig

Kind = Literal[
    "Clipping",
    "Weights",
    "Inputs",
    "Start",
    "Nonlinearity",
    "Normalisation",
    "Noise",
    "Layers",
    "Optimiser",
    "Learning rate",
    "Batches",
    "Truncation",
    "Gating",
    "Attention",
]

Settings = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Remedy:
    """One, at one strength."""

    name: str
    """As a URL and a terminal have it."""
    label: str
    kind: Kind
    text: str
    """One sentence: what it changes."""
    paper: str
    settings: Settings | Callable[[RunConfig], Settings]
    """What is set in a RunConfig, or that of a given one: a window depends on the length."""

    def settings_for(self, config: RunConfig) -> Settings:
        """Those for one set-up."""
        return self.settings(config) if callable(self.settings) else self.settings
