"""The LSTM with layer normalisation; state s = (h, c).

Ba, Kiros & Hinton 2016 (arXiv 1607.06450), equations 20–22 of the supplement, LN with gain α and
bias β:

    i, f, g, o = σ, σ, tanh, σ of LN(W_hh h_{t−1}; α_hh, b_hh) + LN(W_ih x_t; α_ih, b_ih)
    c_t = f ⊙ c_{t−1} + i ⊙ g
    h_t = o ⊙ tanh(LN(c_t; α_c, b_c))

The mean and variance are taken over the 4H rows of all gates together, as in equation 20, and over
the H units of c. The paper's further b is left out: b_hh and b_ih are added where it is. Gains
start at 1 and biases at 0 (its section 6). Parameters: 4H(I + H) + 18H.

At fixed h_{t−1} the memory goes through f alone, as an LSTM's, but every unit of h_t sees all of
c_t. J_t goes through the normalisations (`layer_norm`): it is divided by the spread of
W_hh h_{t−1}, so that it is large where h is small (at h_0 = 0 by 1/√ε = 316), and the size of W_hh
does not count.

Index legend: T timesteps, B sequences, I input size, H hidden size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradviz.cells.arrays import joined
from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.layer_norm import Normalised, layer_norm, normalised, start_norms
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import HiddenCoupling, MemoryLinearisation, Replay, State
from gradviz.cells.lstm import cell_states
from gradviz.cells.squash import logistic_slope, tanh_slope


@dataclass
class LayerNormLstmLinearisation(MemoryLinearisation):
    """J_t of (h, c) by the gates' multipliers and three normalisations."""

    forget: Tensor
    """(T, B, H) f."""
    out: Tensor
    """(T, B, H) ∂h_t/∂ĉ_t of the normalised memory: o(1 − tanh²)α_c."""
    by_gate: Tensor
    """(T, B, 4H), by the pre-activations a: ∂c_t/∂a of i, f, g; ∂h_t/∂a of o at fixed c_t."""
    memory: Normalised
    """c_t."""
    recurrent: Normalised
    """W_hh h_{t−1}."""
    read: Normalised
    """W_ih x_t."""
    weight: Tensor
    """(4H, H) W_hh."""
    weight_gain_hh: Tensor
    """(4H,) α_hh."""
    weight_gain_ih: Tensor
    """(4H,) α_ih."""

    @property
    def cost(self) -> int:
        """Multiply-adds of one product."""
        return self.weight.numel()

    def vjp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_tᵀ (v_h, v_c)."""
        return (self.recurrent_grad(vector) @ self.weight, self.cell_grad(vector) * self.forget)

    def jvp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_t (u_h, u_c)."""
        hidden, cell = vector
        drive = self.recurrent.product(hidden @ self.weight.T) * self.weight_gain_hh
        parts = (drive * self.by_gate).unflatten(-1, (4, -1))
        cell = cell * self.forget + parts[..., :3, :].sum(-2)
        return (self.hidden_of_cell(cell) + parts[..., 3, :], cell)

    def input_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_ih x_t), before its normalisation."""
        return self.read.product(self._drive_grad(vector) * self.weight_gain_ih)

    def recurrent_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_hh h_{t−1}), before its normalisation."""
        return self.recurrent.product(self._drive_grad(vector) * self.weight_gain_hh)

    def hidden_of_cell(self, vector: Tensor) -> Tensor:
        """(∂h_t/∂c_t) u."""
        return self.memory.product(vector) * self.out

    def cell_of_hidden(self, vector: Tensor) -> Tensor:
        """(∂h_t/∂c_t)ᵀ v."""
        return self.memory.product(vector * self.out)

    def _drive_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂a, behind the normalisations."""
        of_cell = self.cell_grad(vector)
        return joined((of_cell, of_cell, of_cell, vector[0])) * self.by_gate


class LayerNormLstm(RecurrentLayer):
    """nn.LSTM's parameters, and gains (4H,), (4H,), (H,) and a bias (H,) of the norms."""

    cell_name = "layer_norm_lstm"
    gates = ("input", "forget", "candidate", "output")
    forget_gate = ("forget", 1)

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__(input_size, hidden_size)
        rows = 4 * hidden_size
        self.declare(
            dtype=dtype,
            weight_ih=(rows, input_size),
            weight_hh=(rows, hidden_size),
            bias_ih=(rows,),
            bias_hh=(rows,),
            gain_ih=(rows,),
            gain_hh=(rows,),
            cell_gain=(hidden_size,),
            cell_bias=(hidden_size,),
        )
        start_norms(self)

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
        w = weights
        drives = layer_norm(inputs @ w["weight_ih"].T, w["gain_ih"], w["bias_ih"])
        back = w["weight_hh"].T
        h, c = start
        outputs = []
        for drive in drives:
            recurrent = layer_norm(h @ back, w["gain_hh"], w["bias_hh"])
            i, f, g, o = (drive + recurrent).chunk(4, -1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(layer_norm(c, w["cell_gain"], w["cell_bias"]))
            outputs.append(h)
        return torch.stack(outputs), (h, c)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """All timesteps at once; the memory, unit by unit, goes through them."""
        w = passed.weights
        read = normalised(passed.inputs @ w["weight_ih"].T)
        recurrent = normalised(passed.before @ w["weight_hh"].T)
        drives = read.values * w["gain_ih"] + recurrent.values * w["gain_hh"]
        of_input, of_forget, of_candidate, of_output = (
            drives + (w["bias_ih"] + w["bias_hh"])
        ).chunk(4, -1)
        i, f, g, o = (
            of_input.sigmoid(),
            of_forget.sigmoid(),
            of_candidate.tanh(),
            of_output.sigmoid(),
        )
        before, now = cell_states(f, i * g, passed.start[1])
        memory = normalised(now)
        squashed = torch.tanh(memory.values * w["cell_gain"] + w["cell_bias"])
        by_input, by_forget = g * logistic_slope(i), before * logistic_slope(f)
        by_candidate, by_output = i * tanh_slope(g), squashed * logistic_slope(o)
        steps = LayerNormLstmLinearisation(
            forget=f,
            out=o * tanh_slope(squashed) * w["cell_gain"],
            by_gate=torch.cat([by_input, by_forget, by_candidate, by_output], -1),
            memory=memory,
            recurrent=recurrent,
            read=read,
            weight=w["weight_hh"],
            weight_gain_hh=w["gain_hh"],
            weight_gain_ih=w["gain_ih"],
        )
        return Replay(
            states=(passed.output, now),
            linearisation=steps,
            coupling=HiddenCoupling(steps, w["weight_ih"]),
            reads=(passed.before,),
            gates={"input": i, "forget": f, "candidate": g, "output": o},
        )
