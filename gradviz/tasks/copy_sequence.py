"""Copy a sequence: an encoder reads symbols, a decoder writes them down again.

The plainest task of an encoder–decoder (Sutskever, Vinyals & Le 2014): all that the decoder knows
of the source has passed through the encoder's last state. Batches serve `reverse_sequence` too.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from gradviz.config import RunConfig
from gradviz.tasks.task import Batch, Task, TaskNotes

if TYPE_CHECKING:
    import torch

PAPER = "Sutskever, Vinyals & Le 2014 (arXiv 1409.3215); Bengio et al. 2015 (arXiv 1506.03099)"
FLOOR_TEXT = "Learned nothing is a cross-entropy of ln 8 ≈ 2.079: one of eight symbols by guessing."

NOTES = TaskNotes(
    description="An encoder reads symbols of eight kinds; then a decoder, which begins with the "
    "encoder's last state, must write them down in the same order.",
    paper=PAPER,
    floor_text=FLOOR_TEXT,
)

SYMBOLS = 8
START = SYMBOLS


def copy_sequence(config: RunConfig, *, turned: bool = False) -> Task:
    """Source: one-hot of 8 symbols. Target: the same symbols, `turned` round or not."""
    return Task(
        input_size=SYMBOLS,
        output_size=SYMBOLS,
        decoder_size=SYMBOLS + 1,
        sample=partial(_sample, config.seq_len, config.teacher_forcing, turned),
        floor=math.log(SYMBOLS),
        loss_kind="cross_entropy",
        answers="every",
        answer_timesteps=config.seq_len,
    )


def _sample(
    seq_len: int,
    teacher_forcing: float,
    turned: bool,
    batch_size: int,
    generator: torch.Generator,
) -> Batch:
    import torch
    from torch.nn.functional import one_hot

    source = torch.randint(0, SYMBOLS, (seq_len, batch_size), generator=generator)
    targets = source.flip(0) if turned else source
    told = torch.cat([torch.full((1, batch_size), START), targets[:-1]])
    # Drawn also where all are forced, so that the symbols are the same for every share.
    forced = torch.rand(seq_len, batch_size, generator=generator) < teacher_forcing
    return Batch(
        inputs=one_hot(source, SYMBOLS).float(),
        targets=targets,
        decoder_inputs=one_hot(told, SYMBOLS + 1).float(),
        forced=None if teacher_forcing == 1 else forced,
    )
