"""How far the gate that keeps the memory is open at first."""

import torch
from torch import nn


@torch.no_grad()
def set_forget_bias(layers: nn.Module, rows: slice, value: float) -> None:
    """The gate's bias, in all layers; where two biases add up, the second is 0."""
    for name, parameter in layers.named_parameters():
        kind = name.split(".")[-1]
        if kind.startswith("bias"):
            parameter[rows] = 0.0 if kind.startswith("bias_hh") else value
