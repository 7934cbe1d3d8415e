"""The LSTM with coupled gates, c_t between c_{t−1} and g; state s = (h, c).

Greff et al. 2017 (arXiv 1503.04069), their CIFG: what is written is what is forgotten.

    i, g, o = σ, tanh, σ of W_ih x_t + b_ih + W_hh h_{t−1} + b_hh
    f = 1 − i
    c_t = f ⊙ c_{t−1} + i ⊙ g
    h_t = o ⊙ tanh(c_t)

Without their peepholes, so that it is nn.LSTM where the forget gate's rows are the input gate's
times −1. Parameters: 3H(I + H + 2), three quarters of nn.LSTM's. J_t is the LSTM's with
∂c_t/∂a_i = (g − c_{t−1}) i′, for the input gate moves both terms. The memory stays within
−1…1 once it is there.

Index legend: T timesteps, B sequences, I input size, H hidden size.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import HiddenCoupling, Replay, State
from gradviz.cells.lstm import LstmLinearisation, cell_states
from gradviz.cells.squash import logistic_slope, tanh_slope


class CoupledLstm(RecurrentLayer):
    """nn.LSTM's parameters without the forget gate's."""

    cell_name = "coupled_lstm"
    gates = ("input", "candidate", "output")
    forget_gate = ("input", -1)
    noise_kinds = ("zoneout", "dropconnect", "variational")

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__(input_size, hidden_size)
        rows = 3 * hidden_size
        self.declare(
            dtype=dtype,
            weight_ih=(rows, input_size),
            weight_hh=(rows, hidden_size),
            bias_ih=(rows,),
            bias_hh=(rows,),
        )

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """(H, H) of h and c."""
        return (self.hidden_size, self.hidden_size)

    @property
    def output_size(self) -> int:
        """H."""
        return self.hidden_size

    def weights(self) -> dict[str, Tensor]:
        """The parameters."""
        return self.own()

    def run(self, inputs: Tensor, start: State, weights: dict[str, Tensor]) -> tuple[Tensor, State]:
        """Timestep by timestep."""
        drives = inputs @ weights["weight_ih"].T + (weights["bias_ih"] + weights["bias_hh"])
        back = weights["weight_hh"].T
        h, c = start
        outputs = []
        for drive in drives:
            i, g, o = torch.addmm(drive, h, back).chunk(3, -1)
            # (1 − i) ⊙ c + i ⊙ g in one operation.
            c = torch.lerp(c, torch.tanh(g), torch.sigmoid(i))
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs), (h, c)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """All timesteps at once; the memory, unit by unit, goes through them."""
        weights = passed.weights
        drives = (
            passed.inputs @ weights["weight_ih"].T
            + passed.before @ weights["weight_hh"].T
            + (weights["bias_ih"] + weights["bias_hh"])
        )
        of_input, of_candidate, of_output = drives.chunk(3, -1)
        i, g, o = of_input.sigmoid(), of_candidate.tanh(), of_output.sigmoid()
        f = 1 - i
        before, now = cell_states(f, i * g, passed.start[1])
        squashed = now.tanh()
        by_input, by_candidate = (g - before) * logistic_slope(i), i * tanh_slope(g)
        steps = LstmLinearisation(
            forget=f,
            out=o * tanh_slope(squashed),
            by_gate=torch.cat([by_input, by_candidate, squashed * logistic_slope(o)], -1),
            weight=weights["weight_hh"],
        )
        return Replay(
            states=(passed.output, now),
            linearisation=steps,
            coupling=HiddenCoupling(steps, weights["weight_ih"]),
            reads=(passed.before,),
            gates={"input": i, "forget": f, "candidate": g, "output": o},
        )
