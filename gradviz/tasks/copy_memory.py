"""Copy memory: read ten symbols, wait, write them down.

Hochreiter & Schmidhuber 1997, in the form of Arjovsky, Shah & Bengio 2016.
A sequence of wait W has W + 20 timesteps:

    input   10 symbols · W − 1 blanks · the cue · 10 blanks
    target  W + 10 blanks                       · the 10 symbols
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from gradviz.tasks.task import Batch, Task, TaskNotes

if TYPE_CHECKING:
    import torch

NOTES = TaskNotes(
    description="Ten symbols out of eight kinds, then a wait, then a cue; after the cue the "
    "network must write the ten symbols down in their order, and a blank before.",
    paper="Hochreiter & Schmidhuber 1997; Arjovsky, Shah & Bengio 2016 (arXiv 1511.06464)",
    floor_text="Learned nothing is a cross-entropy of 10·ln 8/(wait + 20): blanks in time, and ten "
    "symbols by guessing.",
)

SYMBOLS, RECALLED = 8, 10
BLANK, CUE = SYMBOLS, SYMBOLS + 1


def copy_memory(wait: int) -> Task:
    """Input: one-hot of 8 symbols, blank, cue. Target at every timestep: a symbol or blank."""
    return Task(
        input_size=SYMBOLS + 2,
        output_size=SYMBOLS + 1,
        sample=partial(_sample, wait),
        floor=RECALLED * math.log(SYMBOLS) / (wait + 2 * RECALLED),
        loss_kind="cross_entropy",
        answers="every",
        answer_timesteps=RECALLED,
    )


def _sample(wait: int, batch_size: int, generator: torch.Generator) -> Batch:
    import torch

    symbols = torch.randint(0, SYMBOLS, (RECALLED, batch_size), generator=generator)
    tokens = torch.full((wait + 2 * RECALLED, batch_size), BLANK)
    targets = tokens.clone()
    tokens[:RECALLED] = symbols
    tokens[wait + RECALLED - 1] = CUE
    targets[-RECALLED:] = symbols
    return Batch(torch.nn.functional.one_hot(tokens, SYMBOLS + 2).float(), targets)
