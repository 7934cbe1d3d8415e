"""The forget bias of PyTorch's LSTM."""

import torch
from torch import nn


@torch.no_grad()
def set_forget_bias(lstm: nn.LSTM, value: float) -> None:
    """Make the sum of the two forget biases `value` in every layer: b_ih takes it, b_hh is 0."""
    forget = slice(lstm.hidden_size, 2 * lstm.hidden_size)
    for name, weight in lstm.named_parameters():
        if name.startswith("bias_ih"):
            weight[forget] = value
        elif name.startswith("bias_hh"):
            weight[forget] = 0.0
