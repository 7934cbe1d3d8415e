"""What chance decides within a step, but for its batch: what is dropped out, and noise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from gradviz.cells import Noise
from gradviz.config import RunConfig, is_noisy

DROPOUT, TEXT, NOISE = 1, 2, 3
TRAINING_SET, SHUFFLE, HELD_OUT = 11, 12, 13
"""What the numbers are for; each purpose has its own. Those of a training set are of no step: its
sequences of 0, their order of a round."""


def seed_of(config: RunConfig, step: int, purpose: int) -> int:
    """32 bits, decided by the run's seed, the step and the purpose alone.

    So a checkpoint need not hold a generator's state for these.
    """
    return int(np.random.SeedSequence((config.seed, step, purpose)).generate_state(1)[0])


@contextmanager
def dropout_of(config: RunConfig, step: int) -> Iterator[None]:
    """Within, PyTorch's global generators are the run's own; afterwards they are as before.

    PyTorch's dropout knows no other. The masks of a step are the same whether it is measured or
    not.
    """
    if not config.dropout:
        yield
        return
    on_gpu = config.device == "cuda"
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if on_gpu else []):
        seed = seed_of(config, step, DROPOUT)
        torch.default_generator.manual_seed(seed)
        if on_gpu:
            torch.cuda.manual_seed(seed)
        yield


def begin_noise(config: RunConfig, model: nn.Module, step: int) -> None:
    """Have the masks of noise within the recurrence drawn by a generator of the step's own."""
    if not is_noisy(config):
        return
    generator = torch.Generator().manual_seed(seed_of(config, step, NOISE))
    for module in model.modules():
        if isinstance(module, Noise):
            module.begin(generator)
