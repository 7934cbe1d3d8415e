"""Remedies against gradients that vanish or explode: one file each."""

from __future__ import annotations

from gradviz.remedies.clipping import Clipping, clip_gradients, total_norm
from gradviz.remedies.initialisation import initialise_recurrent, set_forget_bias

__all__ = [
    "Clipping",
    "clip_gradients",
    "initialise_recurrent",
    "set_forget_bias",
    "total_norm",
]
