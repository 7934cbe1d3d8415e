"""How the recurrent weights start: each gate's H×H block of W_hh on its own."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn


def recurrent_blocks(recurrent: nn.Module) -> Iterator[Tensor]:
    """(H, H) of every gate of every layer."""
    for name, weight in recurrent.named_parameters():
        if "weight_hh" in name:
            yield from weight.split(weight.shape[1])


@torch.no_grad()
def start_orthogonal(recurrent: nn.Module, gain: float) -> None:
    """Gain × a random orthogonal matrix: every singular value is the gain (Saxe et al. 2014)."""
    for block in recurrent_blocks(recurrent):
        nn.init.orthogonal_(block, gain)


@torch.no_grad()
def start_identity(recurrent: nn.Module, gain: float) -> None:
    """Gain × I (Le, Jaitly & Hinton 2015)."""
    for block in recurrent_blocks(recurrent):
        block.copy_(gain * torch.eye(len(block)))


@torch.no_grad()
def start_normal(recurrent: nn.Module, gain: float) -> None:
    """N(0, gain²/H), of spectral radius about the gain."""
    for block in recurrent_blocks(recurrent):
        nn.init.normal_(block, std=gain / math.sqrt(len(block)))


@torch.no_grad()
def start_irnn(recurrent: nn.Module) -> None:
    """W_hh = I, W_ih of N(0, 0.001²), biases 0 (Le, Jaitly & Hinton 2015, section 4)."""
    for name, weight in recurrent.named_parameters():
        if "weight_hh" in name:
            nn.init.eye_(weight)
        elif "weight_ih" in name:
            nn.init.normal_(weight, std=0.001)
        else:
            nn.init.zeros_(weight)
