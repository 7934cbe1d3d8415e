"""The quasi-recurrent network."""

import math

import torch
from torch import Tensor, nn

from gradviz.script.parts.cells.scan import Scan


class Qrnn(nn.Module):
    """The quasi-recurrent network: its gates see the last two inputs (Bradbury et al. 2016).

    z, f, o = tanh, σ, σ of W_0 x_t + W_1 x_{t−1} + b
    c_t = f ⊙ c_{t−1} + (1 − f) ⊙ z,  h_t = o ⊙ c_t
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, 2 * input_size))
        self.bias = nn.Parameter(torch.empty(3 * hidden_size))
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(
        self, inputs: Tensor, state: tuple[Tensor, ...] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """All h_t, (T, B, H), from the inputs (T, B, I); the last c, and the last input.

        No gradient goes back to the input that a state brings with it.
        """
        zeros = inputs.new_zeros(inputs.shape[1], self.hidden_size)
        # Of a state that brings no last input, it is 0.
        c, last_input, *_ = *(state or (zeros,)), torch.zeros_like(inputs[0])
        inputs_before = torch.cat([last_input.unsqueeze(0), inputs[:-1]])
        both = torch.cat([inputs, inputs_before], -1)
        z, f, o = (both @ self.weight_ih.T + self.bias).chunk(3, -1)
        z, f, o = torch.tanh(z), torch.sigmoid(f), torch.sigmoid(o)
        states: Tensor = Scan.apply(f, z - f * z, c)  # type: ignore[no-untyped-call]
        return o * states, (states[-1], inputs[-1].detach())
