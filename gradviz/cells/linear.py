"""The linear RNN: h_t = W h_{t−1} + U x_t + b, with J_t = W at every timestep.

What vanishing and exploding gradients look like with no nonlinearity in the way (Saxe, McClelland
& Ganguli 2014, arXiv 1312.6120; Pascanu et al. 2013, arXiv 1211.5063): ∂h_T/∂h_0 = W^T, and with
W = ρQ, Q orthogonal, its norm is ρ^T. Parameters: H(I + H + 1). A stack of them is linear, too.

Index legend: T timesteps, B sequences, I input size, H hidden size.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gradviz.cells import rnn
from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import Replay, State


class LinearRnn(RecurrentLayer):
    """weight_ih is U, weight_hh is W."""

    cell_name = "linear_rnn"
    gates = ("hidden",)
    noise_kinds = ("zoneout", "dropconnect", "variational")

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__(input_size, hidden_size, "linear")
        self.declare(
            dtype=dtype,
            weight_ih=(hidden_size, input_size),
            weight_hh=(hidden_size, hidden_size),
            bias=(hidden_size,),
        )

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """(H,)."""
        return (self.hidden_size,)

    @property
    def output_size(self) -> int:
        """H."""
        return self.hidden_size

    def weights(self) -> dict[str, Tensor]:
        """The parameters."""
        return self.own()

    def run(self, inputs: Tensor, start: State, weights: dict[str, Tensor]) -> tuple[Tensor, State]:
        """Timestep by timestep."""
        drives = inputs @ weights["weight_ih"].T + weights["bias"]
        back = weights["weight_hh"].T
        (h,) = start
        outputs = []
        for drive in drives:
            h = torch.addmm(drive, h, back)
            outputs.append(h)
        return torch.stack(outputs), (h,)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """As of nn.RNN, with slope 1."""
        return rnn.replay(passed)
