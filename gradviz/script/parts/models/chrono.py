"""Chrono initialisation: b_f ~ ln U(1, T − 1), b_i = −b_f (Tallec & Ollivier 2018)."""

import torch
from torch import nn


@torch.no_grad()
def start_chrono(layers: nn.Module, hidden_size: int, longest: int) -> None:
    """Of input and forget gates, in the first 2H rows; of two biases that add up one is 0."""
    for name, bias in layers.named_parameters():
        kind = name.split(".")[-1]
        if kind.startswith("bias_hh"):
            bias[: 2 * hidden_size] = 0.0
        elif kind.startswith("bias"):
            drawn = torch.empty(hidden_size).uniform_(1, longest - 1).log()
            bias[: 2 * hidden_size] = torch.cat([-drawn, drawn])


@torch.no_grad()
def start_chrono_gate(layers: nn.Module, rows: slice, sign: int, longest: int) -> None:
    """Of the one gate that keeps the memory (sign 1) or writes it (−1)."""
    for name, bias in layers.named_parameters():
        kind = name.split(".")[-1]
        if kind.startswith("bias_hh"):
            bias[rows] = 0.0
        elif kind.startswith("bias"):
            bias[rows] = sign * torch.empty_like(bias[rows]).uniform_(1, longest - 1).log()
