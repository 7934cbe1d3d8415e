"""The adding problem: two of many numbers are marked; give their sum.

Hochreiter & Schmidhuber 1997, in the form of Le, Jaitly & Hinton 2015 (numbers
uniform in [0, 1], one mark in each half).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gradviz.tasks.task import Batch, Task, TaskNotes

if TYPE_CHECKING:
    import torch

NOTES = TaskNotes(
    description="Random numbers come one by one, two of them are marked, one in each half of the "
    "sequence; after the last one the network must give the sum of the two.",
    paper="Hochreiter & Schmidhuber 1997; Le, Jaitly & Hinton 2015 (arXiv 1504.00941)",
    floor_text="Learned nothing is a mean squared error of 1/6: the variance of the sum of two "
    "uniform numbers, which always answering 1 reaches.",
)


def adding(seq_len: int) -> Task:
    """Input: (number, mark). Target: the sum of the two marked numbers."""
    return Task(
        input_size=2,
        output_size=1,
        sample=partial(_sample, seq_len),
        floor=1 / 6,
        loss_kind="mse",
    )


def _sample(seq_len: int, batch_size: int, generator: torch.Generator) -> Batch:
    import torch

    numbers = torch.rand(seq_len, batch_size, generator=generator)
    half = seq_len // 2
    first = torch.randint(0, half, (1, batch_size), generator=generator)
    second = torch.randint(half, seq_len, (1, batch_size), generator=generator)
    marked = torch.cat([first, second])
    marks = torch.zeros_like(numbers).scatter_(0, marked, 1.0)
    return Batch(torch.stack([numbers, marks], dim=-1), numbers.gather(0, marked).sum(0)[:, None])
