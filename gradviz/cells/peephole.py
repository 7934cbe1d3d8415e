"""The LSTM with peepholes; state s = (h, c).

Gers & Schmidhuber 2000; Gers, Schraudolph & Schmidhuber 2002. Each gate also sees the memory, its
own unit of it, by the vectors p; the output gate sees the new one:

    i, f = σ of W_ih x_t + b_ih + W_hh h_{t−1} + b_hh + p_i, p_f ⊙ c_{t−1}
    g = tanh of W_ih x_t + b_ih + W_hh h_{t−1} + b_hh
    c_t = f ⊙ c_{t−1} + i ⊙ g
    o = σ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh + p_o ⊙ c_t)
    h_t = o ⊙ tanh(c_t)

With p = 0 it is nn.LSTM. Parameters: nn.LSTM's and 3H. At fixed h_{t−1} the memory goes unit by
unit, ∂c_t/∂c_{t−1} = diag(f + p_i ⊙ g i′ + p_f ⊙ c_{t−1} f′), so that J_t is the LSTM's with this
for f, and with ∂h_t/∂c_t = diag(o(1 − tanh²c_t) + p_o ⊙ tanh(c_t) o′).

Index legend: T timesteps, B sequences, I input size, H hidden size.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import HiddenCoupling, Replay, State
from gradviz.cells.lstm import LstmLinearisation
from gradviz.cells.squash import logistic_slope, tanh_slope


class PeepholeLstm(RecurrentLayer):
    """nn.LSTM's parameters and the peepholes (3H,) of i, f and o."""

    cell_name = "peephole_lstm"
    gates = ("input", "forget", "candidate", "output")
    forget_gate = ("forget", 1)
    noise_kinds = ("zoneout", "dropconnect", "variational")

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__(input_size, hidden_size)
        rows = 4 * hidden_size
        self.declare(
            dtype=dtype,
            weight_ih=(rows, input_size),
            weight_hh=(rows, hidden_size),
            bias_ih=(rows,),
            bias_hh=(rows,),
            peephole=(3 * hidden_size,),
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
        p_i, p_f, p_o = weights["peephole"].chunk(3)
        h, c = start
        outputs = []
        for drive in drives:
            i, f, g, o = torch.addmm(drive, h, back).chunk(4, -1)
            i, f = torch.sigmoid(i + p_i * c), torch.sigmoid(f + p_f * c)
            c = f * c + i * torch.tanh(g)
            h = torch.sigmoid(o + p_o * c) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs), (h, c)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """The drives of all timesteps at once; the memory, unit by unit, goes through them."""
        weights = passed.weights
        p_i, p_f, p_o = weights["peephole"].chunk(3)
        drives = (
            passed.inputs @ weights["weight_ih"].T
            + passed.before @ weights["weight_hh"].T
            + (weights["bias_ih"] + weights["bias_hh"])
        )
        of_input, of_forget, of_candidate, of_output = drives.chunk(4, -1)
        g = of_candidate.tanh()
        c, states = passed.start[1], [passed.start[1]]
        for a_i, a_f, written in zip(of_input, of_forget, g, strict=True):
            c = torch.sigmoid(a_f + p_f * c) * c + torch.sigmoid(a_i + p_i * c) * written
            states.append(c)
        cells = torch.stack(states)
        before, now = cells[:-1], cells[1:]
        i, f = torch.sigmoid(of_input + p_i * before), torch.sigmoid(of_forget + p_f * before)
        o, squashed = torch.sigmoid(of_output + p_o * now), now.tanh()
        by_input, by_forget = g * logistic_slope(i), before * logistic_slope(f)
        by_output = squashed * logistic_slope(o)
        steps = LstmLinearisation(
            forget=f + p_i * by_input + p_f * by_forget,
            out=o * tanh_slope(squashed) + p_o * by_output,
            by_gate=torch.cat([by_input, by_forget, i * tanh_slope(g), by_output], -1),
            weight=weights["weight_hh"],
        )
        return Replay(
            states=(passed.output, now),
            linearisation=steps,
            coupling=HiddenCoupling(steps, weights["weight_ih"]),
            reads=(passed.before,),
            gates={"input": i, "forget": f, "candidate": g, "output": o},
        )
