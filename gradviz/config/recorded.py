"""RecordedConfig: what is known of a run that no RunConfig decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedConfig:
    """A run of a user's own model and training loop, as far as a recorder saw it."""

    model: str
    """Its recurrent modules in words: "encoder: LSTM(8, 32)"."""
    dtype: str = "float32"
    """Of their weights."""
    clip: Literal["none", "own"] = "own"
    """"own": the loop clips by a rule of its own, known by what it did."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the user wants to see beside the run: plain values by name."""
