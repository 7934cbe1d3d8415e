"""Remedies against gradients that vanish or explode: one file each."""

from __future__ import annotations

from gradviz.remedies.clipping import (
    Clipping,
    Culprit,
    clip_gradients,
    find_non_finite,
    total_norm,
)
from gradviz.remedies.initialisation import initialise_recurrent, set_forget_bias

__all__ = [
    "Clipping",
    "Culprit",
    "clip_gradients",
    "find_non_finite",
    "initialise_recurrent",
    "set_forget_bias",
    "total_norm",
]
