"""Wave from a vector: one vector is read, then a whole sequence is written (vector → sequence).

The vector (frequency, phase) comes at the first timestep, nothing after it; the network must
write the sine wave that it describes, as in image captioning one vector starts a sentence
(Vinyals, Toshev, Bengio & Erhan 2015).
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from gradviz.tasks.task import Batch, Task, TaskNotes

if TYPE_CHECKING:
    import torch

NOTES = TaskNotes(
    description="A frequency and a phase are read at the first timestep, nothing after it; at "
    "every timestep the network must write the sine wave that they describe.",
    paper="the shape of Vinyals et al. 2015 (arXiv 1411.4555): one vector in, a sequence out",
    floor_text="Learned nothing is a mean squared error of 1/2: the variance of a sine whose phase "
    "is uniform, which always answering 0 reaches.",
)

SLOWEST, FASTEST = 1 / 24, 1 / 12
"""Cycles a timestep."""


def wave_from_vector(seq_len: int) -> Task:
    """Input at t = 1: frequency and phase, each scaled to −1…1. Target: sin(2πf(t − 1) + φ)."""
    return Task(
        input_size=2,
        output_size=1,
        sample=partial(_sample, seq_len),
        floor=1 / 2,
        loss_kind="mse",
        answers="every",
    )


def _sample(seq_len: int, batch_size: int, generator: torch.Generator) -> Batch:
    import torch

    vector = 2 * torch.rand(batch_size, 2, generator=generator) - 1
    inputs = torch.zeros(seq_len, batch_size, 2)
    inputs[0] = vector
    frequency = (SLOWEST + FASTEST) / 2 + (FASTEST - SLOWEST) / 2 * vector[:, 0]
    turns = torch.arange(seq_len)[:, None] * frequency + vector[:, 1] / 2
    return Batch(inputs, torch.sin(2 * math.pi * turns)[..., None])
