"""Elman's RNN with any nonlinearity."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn


class ElmanRnn(nn.Module):
    """Elman's RNN with any nonlinearity: h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh)."""

    def __init__(self, input_size: int, hidden_size: int, phi: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.hidden_size, self.phi = hidden_size, phi
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(hidden_size))
        self.bias_hh = nn.Parameter(torch.empty(hidden_size))
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """All h_t, (T, B, H), from the inputs (T, B, I), and the last."""
        h = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        outputs = []
        for drive in inputs @ self.weight_ih.T + (self.bias_ih + self.bias_hh):
            h = self.phi(torch.addmm(drive, h, self.weight_hh.T))
            outputs.append(h)
        return torch.stack(outputs), h
