"""The LSTM with peepholes."""

import math

import torch
from torch import Tensor, nn


class PeepholeLstm(nn.Module):
    """The LSTM with peepholes: its gates also see the memory (Gers & Schmidhuber 2000).

    i, f = σ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh + p ⊙ c_{t−1}),  g = tanh(W_ih x_t + …)
    c_t = f ⊙ c_{t−1} + i ⊙ g,  o = σ(W_ih x_t + … + p_o ⊙ c_t),  h_t = o ⊙ tanh(c_t)
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(4 * hidden_size))
        self.bias_hh = nn.Parameter(torch.empty(4 * hidden_size))
        self.peephole = nn.Parameter(torch.empty(3 * hidden_size))
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(
        self, inputs: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """All h_t, (T, B, H), from the inputs (T, B, I), and the last (h, c)."""
        zeros = inputs.new_zeros(inputs.shape[1], self.hidden_size)
        h, c = state or (zeros, zeros)
        p_i, p_f, p_o = self.peephole.chunk(3)
        outputs = []
        for drive in inputs @ self.weight_ih.T + (self.bias_ih + self.bias_hh):
            i, f, g, o = torch.addmm(drive, h, self.weight_hh.T).chunk(4, -1)
            i, f = torch.sigmoid(i + p_i * c), torch.sigmoid(f + p_f * c)
            c = f * c + i * torch.tanh(g)
            h = torch.sigmoid(o + p_o * c) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs), (h, c)
