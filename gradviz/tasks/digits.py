"""Handwritten digits, read as a sequence: by pixel (T = 64) or by row (T = 8).

The 1,797 images of 8×8 pixels that come with scikit-learn (a part of the UCI
"Optical Recognition of Handwritten Digits", Alpaydin & Kaynak 1998). Reading an image
pixel by pixel as a test of memory is from Le, Jaitly & Hinton 2015.
"""

from __future__ import annotations

import math
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gradviz.tasks.task import Batch, Task, TaskNotes

if TYPE_CHECKING:
    import torch

_PAPER = "Alpaydin & Kaynak 1998 (the digits); Le, Jaitly & Hinton 2015 (arXiv 1504.00941)"
_FLOOR_TEXT = "Learned nothing is a cross-entropy of ln 10 ≈ 2.303: one of ten digits by guessing."

PIXELS_NOTES = TaskNotes(
    description="A handwritten digit of 8×8 pixels is read pixel by pixel, 64 timesteps; after the "
    "last one the network must name it.",
    paper=_PAPER,
    floor_text=_FLOOR_TEXT,
)
ROWS_NOTES = TaskNotes(
    description="A handwritten digit of 8×8 pixels is read row by row, 8 timesteps; after the last "
    "row the network must name it.",
    paper=_PAPER,
    floor_text=_FLOOR_TEXT,
)

SIDE, CLASSES = 8, 10


def digits(seq_len: int) -> Task:
    """Input: 64 / seq_len pixels in [0, 1]. Target: the digit."""
    return Task(
        input_size=SIDE * SIDE // seq_len,
        output_size=CLASSES,
        sample=partial(_sample, seq_len),
        # The classes are so even (174…183 images) that the best constant answer is only 1e-4 below.
        floor=math.log(CLASSES),
        loss_kind="cross_entropy",
    )


@cache
def _images() -> tuple[torch.Tensor, torch.Tensor]:
    """All images (1797, 64) in [0, 1] and their digits (1797,)."""
    import torch

    table = torch.from_numpy(np.loadtxt(_file(), delimiter=","))
    return table[:, :-1].float() / 16.0, table[:, -1].long()


def _file() -> Path:
    """Where scikit-learn keeps its digits.

    Its load_digits reads the same file, but brings SciPy and pandas: 4.8 s, where this takes 0.1 s.
    """
    package = find_spec("sklearn")
    assert package
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0], "datasets", "data", "digits.csv.gz")


def _sample(seq_len: int, batch_size: int, generator: torch.Generator) -> Batch:
    import torch

    images, digits = _images()
    chosen = torch.randint(0, len(images), (batch_size,), generator=generator)
    sequences = images[chosen].view(batch_size, seq_len, -1).transpose(0, 1).contiguous()
    return Batch(sequences, digits[chosen])
