"""The LSTM with layer normalisation."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm


class LayerNormLstm(nn.Module):
    """The LSTM with layer normalisation (Ba, Kiros & Hinton 2016).

    i, f, g, o = σ, σ, tanh, σ of LN(W_hh h_{t−1}; α_hh, b_hh) + LN(W_ih x_t; α_ih, b_ih)
    c_t = f ⊙ c_{t−1} + i ⊙ g,  h_t = o ⊙ tanh(LN(c_t; α_c, b_c))
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        rows = 4 * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(rows))
        self.bias_hh = nn.Parameter(torch.empty(rows))
        self.gain_ih = nn.Parameter(torch.empty(rows))
        self.gain_hh = nn.Parameter(torch.empty(rows))
        self.cell_gain = nn.Parameter(torch.empty(hidden_size))
        self.cell_bias = nn.Parameter(torch.empty(hidden_size))
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
        for bias in (self.bias_ih, self.bias_hh, self.cell_bias):
            nn.init.zeros_(bias)
        for gain in (self.gain_ih, self.gain_hh, self.cell_gain):
            nn.init.ones_(gain)

    def forward(
        self, inputs: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """All h_t, (T, B, H), from the inputs (T, B, I), and the last (h, c)."""
        rows, units = self.gain_ih.shape, self.cell_gain.shape
        zeros = inputs.new_zeros(inputs.shape[1], self.hidden_size)
        h, c = state or (zeros, zeros)
        outputs = []
        for drive in layer_norm(inputs @ self.weight_ih.T, rows, self.gain_ih, self.bias_ih):
            recurrent = layer_norm(h @ self.weight_hh.T, rows, self.gain_hh, self.bias_hh)
            i, f, g, o = (drive + recurrent).chunk(4, -1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(layer_norm(c, units, self.cell_gain, self.cell_bias))
            outputs.append(h)
        return torch.stack(outputs), (h, c)
