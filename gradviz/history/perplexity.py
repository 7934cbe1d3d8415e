"""Perplexity: e to the power of a language model's loss.

Of a model that finds V words alike likely at every timestep it is V.
"""

from __future__ import annotations

import numpy as np

from gradviz.config import TASKS, RunConfig
from gradviz.history.history import History

RECENT = 20
"""Steps over which the loss is averaged: one batch's says little."""

MOST = 700.0
"""e to the power of more is beyond float64."""


def perplexity_at(history: History, step: int | None = None) -> float | None:
    """Over the newest RECENT steps through `step`; None of other tasks, or if it is not finite."""
    config = history.config
    if not isinstance(config, RunConfig) or not TASKS[config.task].has_perplexity:
        return None
    recent = history.column("loss", upto=step)[-RECENT:]
    if not len(recent) or not recent.mean() < MOST:
        return None
    return float(np.exp(recent.mean()))
