"""A training set that is read in rounds, each in an order of its own."""

import numpy as np
import torch
from torch import Tensor


def set_seed(seed: int, turn: int, purpose: int) -> int:
    """32 bits of their own for every purpose: 11, the set; 12, the order of round `turn`."""
    return int(np.random.SeedSequence((seed, turn, purpose)).generate_state(1)[0])


def chosen_at(step: int, batch_size: int, size: int, seed: int) -> Tensor:
    """(B,) Which sequences a step reads; what a round leaves over, the next one fills up."""
    first, end = step * batch_size, (step + 1) * batch_size
    rounds = range(first // size, -(-end // size))
    order = torch.cat([order_of(turn, size, seed) for turn in rounds])
    start = first - rounds[0] * size
    return order[start : start + batch_size]


def order_of(turn: int, size: int, seed: int) -> Tensor:
    """(N,) In which order round `turn` reads all sequences."""
    generator = torch.Generator().manual_seed(set_seed(seed, turn, 12))
    return torch.randperm(size, generator=generator)
