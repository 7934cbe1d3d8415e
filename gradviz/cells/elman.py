"""Elman's RNN with any nonlinearity: h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh).

Elman 1990; φ of `nonlinearity.NONLINEARITIES`. J_t = diag(φ′) W_hh. PyTorch's nn.RNN has tanh and
relu only; with these this layer is the same, by a loop. Parameters as nn.RNN's: H(I + H + 2).

Index legend: T timesteps, B sequences, I input size, H hidden size.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gradviz.cells import rnn
from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import Replay, State
from gradviz.cells.nonlinearity import NONLINEARITIES


class ElmanRnn(RecurrentLayer):
    """h_t = φ(…)."""

    cell_name = "rnn"
    gates = ("hidden",)
    noise_kinds = ("zoneout", "dropconnect", "variational")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        nonlinearity: str = "tanh",
        dtype: torch.dtype | None = None,
    ) -> None:
        if nonlinearity not in NONLINEARITIES:
            raise ValueError(
                f"nonlinearity must be {', '.join(NONLINEARITIES)}, got {nonlinearity}."
            )
        super().__init__(input_size, hidden_size, nonlinearity)
        self.declare(
            dtype=dtype,
            weight_ih=(hidden_size, input_size),
            weight_hh=(hidden_size, hidden_size),
            bias_ih=(hidden_size,),
            bias_hh=(hidden_size,),
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
        phi = NONLINEARITIES[self.nonlinearity].apply
        drives = inputs @ weights["weight_ih"].T + (weights["bias_ih"] + weights["bias_hh"])
        back = weights["weight_hh"].T
        (h,) = start
        outputs = []
        for drive in drives:
            h = phi(torch.addmm(drive, h, back))
            outputs.append(h)
        return torch.stack(outputs), (h,)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """As of nn.RNN."""
        return rnn.replay(passed)
