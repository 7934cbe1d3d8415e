"""The LSTM with coupled gates."""

import math

import torch
from torch import Tensor, nn


class CoupledLstm(nn.Module):
    """The LSTM with coupled gates: what is written is what is forgotten (Greff et al. 2017).

    i, g, o = σ, tanh, σ of W_ih x_t + b_ih + W_hh h_{t−1} + b_hh
    c_t = (1 − i) ⊙ c_{t−1} + i ⊙ g,  h_t = o ⊙ tanh(c_t)
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(3 * hidden_size))
        self.bias_hh = nn.Parameter(torch.empty(3 * hidden_size))
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(
        self, inputs: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """All h_t, (T, B, H), from the inputs (T, B, I), and the last (h, c)."""
        zeros = inputs.new_zeros(inputs.shape[1], self.hidden_size)
        h, c = state or (zeros, zeros)
        outputs = []
        for drive in inputs @ self.weight_ih.T + (self.bias_ih + self.bias_hh):
            i, g, o = torch.addmm(drive, h, self.weight_hh.T).chunk(3, -1)
            # lerp(c, g, i) is (1 − i) ⊙ c + i ⊙ g.
            c = torch.lerp(c, torch.tanh(g), torch.sigmoid(i))
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs), (h, c)
