"""Two sequences in, two answers out: a number and a class, their losses added.

The first sequence are numbers, the second symbols: one of four kinds, and once a marker. The
number that was beside the marker is asked for (a regression), and the first symbol (a
classification); multi-task learning after Caruana 1997, Machine Learning 28.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from gradviz.tasks.task import Batch, Task, TaskNotes

if TYPE_CHECKING:
    import torch

NOTES = TaskNotes(
    description="Numbers and symbols are read side by side; at the end the network must give the "
    "number that stood beside the marker, and name the first symbol.",
    paper="after Caruana 1997 (multi-task learning)",
    floor_text="Learned nothing is 12 × 1/12 + ln 4 ≈ 2.386: the loss is 12 times the squared "
    "error of the number plus the cross-entropy of the four symbols.",
)

KINDS = 4
MARKER = KINDS

NUMBER_WEIGHT = 12.0
"""Times the squared error: one over the variance of the number, so that both losses begin alike."""


def two_in_two_out(seq_len: int) -> Task:
    """Input: the number, and one-hot of 4 symbols and the marker. Target: (number, symbol)."""
    return Task(
        input_size=1 + KINDS + 1,
        output_size=1 + KINDS,
        sample=partial(_sample, seq_len),
        floor=NUMBER_WEIGHT / 12 + math.log(KINDS),
        loss_kind="number_and_class",
        number_weight=NUMBER_WEIGHT,
    )


def _sample(seq_len: int, batch_size: int, generator: torch.Generator) -> Batch:
    import torch

    numbers = torch.rand(seq_len, batch_size, generator=generator)
    symbols = torch.randint(0, KINDS, (seq_len, batch_size), generator=generator)
    marked = torch.randint(1, seq_len, (1, batch_size), generator=generator)
    symbols.scatter_(0, marked, MARKER)
    tokens = torch.nn.functional.one_hot(symbols, KINDS + 1)
    number = numbers.gather(0, marked)[0]
    return Batch(
        torch.cat([numbers[..., None], tokens], -1), torch.stack([number, symbols[0].float()], -1)
    )
