"""The plain RNN with layer normalisation."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm


class LayerNormRnn(nn.Module):
    """The plain RNN with layer normalisation (Ba, Kiros & Hinton 2016).

    h_t = tanh(LN(W_ih x_t + W_hh h_{t−1}; α, b))
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.gain = nn.Parameter(torch.empty(hidden_size))
        self.bias = nn.Parameter(torch.empty(hidden_size))
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
        nn.init.ones_(self.gain)
        nn.init.zeros_(self.bias)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """All h_t, (T, B, H), from the inputs (T, B, I), and the last."""
        h = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        outputs = []
        for drive in inputs @ self.weight_ih.T:
            drive = torch.addmm(drive, h, self.weight_hh.T)
            h = torch.tanh(layer_norm(drive, self.gain.shape, self.gain, self.bias))
            outputs.append(h)
        return torch.stack(outputs), h
