"""How weights start: each gate's block of H rows on its own."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn


def gate_blocks(layers: nn.Module, name: str, hidden_size: int) -> Iterator[Tensor]:
    """W_hh, “weight_hh”, or W_ih of every gate of every layer: (H, ·) each."""
    for own_name, weight in layers.named_parameters():
        if name in own_name:
            yield from weight.detach().split(hidden_size)


def start_identity(blocks: Iterator[Tensor], gain: float) -> None:
    """Gain × I (Le, Jaitly & Hinton 2015)."""
    for block in blocks:
        nn.init.eye_(block).mul_(gain)


def start_normal(blocks: Iterator[Tensor], gain: float) -> None:
    """N(0, gain²/H): the spectral radius is about the gain."""
    for block in blocks:
        nn.init.normal_(block, std=gain / math.sqrt(len(block)))


def start_orthogonal(blocks: Iterator[Tensor], gain: float = 1.0) -> None:
    """Gain × a random orthogonal matrix: every singular value is the gain (Saxe et al. 2014)."""
    for block in blocks:
        nn.init.orthogonal_(block, gain)


def start_xavier(blocks: Iterator[Tensor], gain: float = 1.0) -> None:
    """Gain × U(−a, a) with a² = 6/(rows + columns) (Glorot & Bengio 2010)."""
    for block in blocks:
        nn.init.xavier_uniform_(block, gain)


def start_he(blocks: Iterator[Tensor], gain: float = 1.0) -> None:
    """Gain × N(0, 2/columns) (He et al. 2015)."""
    for block in blocks:
        nn.init.kaiming_normal_(block, nonlinearity="relu").mul_(gain)


def start_small(blocks: Iterator[Tensor], gain: float = 1.0) -> None:
    """Gain × N(0, 0.01²): everything vanishes at once."""
    for block in blocks:
        nn.init.normal_(block, std=gain * 0.01)


def start_large(blocks: Iterator[Tensor], gain: float) -> None:
    """Gain × N(0, 9/H): a linear network explodes at once."""
    for block in blocks:
        nn.init.normal_(block, std=gain * 3.0 / math.sqrt(len(block)))


@torch.no_grad()
def start_irnn(layers: nn.Module) -> None:
    """W_hh = I, W_ih of N(0, 0.001²), biases 0 (Le, Jaitly & Hinton 2015, section 4)."""
    for name, weight in layers.named_parameters():
        if "weight_hh" in name:
            nn.init.eye_(weight)
        elif "weight_ih" in name:
            nn.init.normal_(weight, std=0.001)
        elif "bias" in name:
            nn.init.zeros_(weight)
