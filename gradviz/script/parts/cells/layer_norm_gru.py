"""The GRU with layer normalisation."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm


class LayerNormGru(nn.Module):
    """The GRU with layer normalisation (Ba, Kiros & Hinton 2016), r and z normalised together.

    r, z = σ of LN(W_ih x_t; α, β) + LN(W_hh h_{t−1}; α, β)
    n = tanh(LN(W_in x_t; α, β) + r ⊙ LN(W_hn h_{t−1}; α, β))
    h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        rows = 3 * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(rows))
        self.bias_hh = nn.Parameter(torch.empty(rows))
        self.gain_ih = nn.Parameter(torch.empty(rows))
        self.gain_hh = nn.Parameter(torch.empty(rows))
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
        for bias in (self.bias_ih, self.bias_hh):
            nn.init.zeros_(bias)
        for gain in (self.gain_ih, self.gain_hh):
            nn.init.ones_(gain)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """All h_t, (T, B, H), from the inputs (T, B, I), and the last."""
        h = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        drives = self._normed(inputs @ self.weight_ih.T, self.gain_ih, self.bias_ih)
        outputs = []
        for of_gates, of_candidate in zip(*drives, strict=True):
            gates, candidate = self._normed(h @ self.weight_hh.T, self.gain_hh, self.bias_hh)
            r, z = torch.sigmoid(of_gates + gates).chunk(2, -1)
            n = torch.tanh(of_candidate + r * candidate)
            h = torch.lerp(n, h, z)  # (1 − z) ⊙ n + z ⊙ h
            outputs.append(h)
        return torch.stack(outputs), h

    def _normed(self, values: Tensor, gain: Tensor, bias: Tensor) -> list[Tensor]:
        """The rows of r and z, and those of n, each normalised by themselves."""
        sizes = (2 * self.hidden_size, self.hidden_size)
        parts = zip(*(each.split(sizes, -1) for each in (values, gain, bias)), strict=True)
        return [layer_norm(u, a.shape, a, b) for u, a, b in parts]
