"""Temporal order: in which order did two relevant symbols come, among distractors?

Hochreiter & Schmidhuber 1997 (task 6a) and Pascanu, Mikolov & Bengio 2013. There the
length is 100–110, the first relevant symbol comes at 10–20 and the second at 50–60;
here the same shares of any length.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from gradviz.tasks.task import Batch, Task, TaskNotes

if TYPE_CHECKING:
    import torch

NOTES = TaskNotes(
    description="Two relevant symbols, each A or B, come early and in the middle among four kinds "
    "of distractors; at the end the network must name the order: AA, AB, BA or BB.",
    paper="Hochreiter & Schmidhuber 1997; Pascanu, Mikolov & Bengio 2013 (arXiv 1211.5063)",
    floor_text="Learned nothing is a cross-entropy of ln 4 ≈ 1.386: one of four classes by "
    "guessing.",
)

RELEVANT, KINDS = 2, 6


def temporal_order(seq_len: int) -> Task:
    """Input: one-hot of A, B and four distractors. Target: 2·first + second."""
    return Task(
        input_size=KINDS,
        output_size=RELEVANT**2,
        sample=partial(_sample, seq_len),
        floor=math.log(RELEVANT**2),
        loss_kind="cross_entropy",
    )


def _sample(seq_len: int, batch_size: int, generator: torch.Generator) -> Batch:
    import torch

    tokens = torch.randint(RELEVANT, KINDS, (seq_len, batch_size), generator=generator)
    symbols = torch.randint(0, RELEVANT, (2, batch_size), generator=generator)
    places = [
        torch.randint(
            seq_len * low // 10, seq_len * (low + 1) // 10, (batch_size,), generator=generator
        )
        for low in (1, 5)
    ]
    tokens.scatter_(0, torch.stack(places), symbols)
    targets = RELEVANT * symbols[0] + symbols[1]
    return Batch(torch.nn.functional.one_hot(tokens, KINDS).float(), targets)
