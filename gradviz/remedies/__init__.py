"""Remedies against gradients that vanish or explode: one file each."""

from __future__ import annotations

from gradviz.remedies.clip_traps import ClipTrap, clip_traps
from gradviz.remedies.clipping import (
    ClipKind,
    Clipping,
    Culprit,
    clip_gradients,
    find_non_finite,
)
from gradviz.remedies.constraints import constrain
from gradviz.remedies.gate_bias import set_chrono_bias, set_forget_bias
from gradviz.remedies.initialisation import (
    initialise_input,
    initialise_irnn,
    initialise_recurrent,
)
from gradviz.remedies.normalisation import SequenceBatchNorm, norm_of
from gradviz.remedies.norms import angle_between, total_norm
from gradviz.remedies.omega import Omega, omega
from gradviz.remedies.penalties import penalise
from gradviz.remedies.pretraining import stage_of, train_stage
from gradviz.remedies.schedule import learning_rate
from gradviz.remedies.weight_decay import decay

__all__ = [
    "ClipKind",
    "ClipTrap",
    "Clipping",
    "Culprit",
    "Omega",
    "SequenceBatchNorm",
    "angle_between",
    "clip_gradients",
    "clip_traps",
    "constrain",
    "decay",
    "find_non_finite",
    "initialise_input",
    "initialise_irnn",
    "initialise_recurrent",
    "learning_rate",
    "norm_of",
    "omega",
    "penalise",
    "set_chrono_bias",
    "set_forget_bias",
    "stage_of",
    "total_norm",
    "train_stage",
]
