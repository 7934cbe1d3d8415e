"""How far the gate that keeps the memory is open at first."""

import torch
from torch import nn


@torch.no_grad()
def set_memory_bias(layers: nn.Module, rows: slice, value: float) -> None:
    """The gate's bias, of all layers; where there are two that add up, the second one is 0."""
    for name, parameter in layers.named_parameters():
        kind = name.split(".")[-1]
        if kind.startswith("bias"):
            parameter[rows] = 0.0 if kind.startswith("bias_hh") else value
