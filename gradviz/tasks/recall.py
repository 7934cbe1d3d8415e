"""Recall: name the first token after a long silence.

The plainest long-term dependency: one timestep matters, and its lag is known. The
latching task of Bengio, Simard & Frasconi 1994 with eight tokens in place of two.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from gradviz.tasks.task import Batch, Task, TaskNotes

if TYPE_CHECKING:
    import torch

NOTES = TaskNotes(
    description="One of eight tokens comes first, then silence; after the last timestep the "
    "network must name it.",
    paper="after Bengio, Simard & Frasconi 1994",
    floor_text="Learned nothing is a cross-entropy of ln 8 ≈ 2.079: one of eight tokens by "
    "guessing.",
)

TOKENS = 8


def recall(seq_len: int) -> Task:
    """Input: one-hot of 8 tokens, then zeros. Target: the token."""
    return Task(
        input_size=TOKENS,
        output_size=TOKENS,
        sample=partial(_sample, seq_len),
        floor=math.log(TOKENS),
        loss_kind="cross_entropy",
    )


def _sample(seq_len: int, batch_size: int, generator: torch.Generator) -> Batch:
    import torch

    tokens = torch.randint(0, TOKENS, (batch_size,), generator=generator)
    inputs = torch.zeros(seq_len, batch_size, TOKENS)
    inputs[0] = torch.nn.functional.one_hot(tokens, TOKENS)
    return Batch(inputs, tokens)
