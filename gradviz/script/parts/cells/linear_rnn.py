"""The RNN without a nonlinearity."""

import math

import torch
from torch import Tensor, nn


class LinearRnn(nn.Module):
    """The RNN without a nonlinearity: h_t = W h_{t−1} + U x_t + b."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.empty(hidden_size))
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """All h_t, (T, B, H), from the inputs (T, B, I), and the last."""
        h = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        outputs = []
        for drive in inputs @ self.weight_ih.T + self.bias:
            h = torch.addmm(drive, h, self.weight_hh.T)
            outputs.append(h)
        return torch.stack(outputs), h
