"""The minimal gated unit."""

import math

import torch
from torch import Tensor, nn


class Mgu(nn.Module):
    """The minimal gated unit, a GRU with one gate (Zhou, Wu, Zhang & Zhou 2016).

    f = σ(W_if x_t + W_hf h_{t−1} + b_f),  n = tanh(W_in x_t + W_hn (f ⊙ h_{t−1}) + b_n)
    h_t = (1 − f) ⊙ h_{t−1} + f ⊙ n
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(2 * hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.empty(2 * hidden_size))
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """All h_t, (T, B, H), from the inputs (T, B, I), and the last."""
        h = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        to_gate, to_candidate = self.weight_hh.T.chunk(2, -1)
        drives = inputs @ self.weight_ih.T + self.bias
        outputs = []
        for of_gate, of_candidate in zip(*drives.chunk(2, -1), strict=True):
            f = torch.sigmoid(torch.addmm(of_gate, h, to_gate))
            n = torch.tanh(torch.addmm(of_candidate, f * h, to_candidate))
            # lerp(h, n, f) is (1 − f) ⊙ h + f ⊙ n.
            h = torch.lerp(h, n, f)
            outputs.append(h)
        return torch.stack(outputs), h
