"""The minimal gated unit; state s = (h,).

Zhou, Wu, Zhang & Zhou 2016 (arXiv 1603.09420). Its one gate says how much of h_{t−1} the candidate
sees, and how much of it is replaced:

    f = σ(W_if x_t + W_hf h_{t−1} + b_f)
    n = tanh(W_in x_t + W_hn (f ⊙ h_{t−1}) + b_n)
    h_t = (1 − f) ⊙ h_{t−1} + f ⊙ n

It is a GRU, in the form with the reset gate before the product, with r = f and z = 1 − f; its
gate goes by these names here, because f = 1 forgets where an LSTM's f = 1 keeps. One bias, as in
the paper. Parameters: 2H(I + H + 1).

The candidate reads h_{t−1} through the gate, so that a product with J_t takes two, W_hn's and then
W_hf's:

    J_t = diag(1 − f) + diag((n − h_{t−1}) f′) W_hf
        + diag(f (1 − n²)) W_hn [diag(f) + diag(h_{t−1} f′) W_hf]

Index legend: T timesteps, B sequences, I input size, H hidden size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradviz.cells.arrays import joined
from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import HiddenCoupling, Replay, State
from gradviz.cells.squash import logistic_slope, tanh_slope


@dataclass
class MguLinearisation:
    """J_t = diag(update) + the paths through f and n."""

    update: Tensor
    """(T, B, H) z = 1 − f."""
    reset: Tensor
    """(T, B, H) f: ∂(f ⊙ h_{t−1})/∂h_{t−1} at a fixed gate."""
    by_gate: Tensor
    """(T, B, H) (n − h_{t−1}) f′: ∂h_t/∂a_f at a fixed candidate."""
    read_by_gate: Tensor
    """(T, B, H) h_{t−1} f′: ∂(f ⊙ h_{t−1})/∂a_f."""
    by_candidate: Tensor
    """(T, B, H) f (1 − n²): ∂h_t/∂a_n."""
    weight: Tensor
    """(2H, H) W_hf and W_hn."""

    @property
    def cost(self) -> int:
        """Multiply-adds of one product."""
        return self.weight.numel()

    def vjp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_tᵀ v."""
        (of_hidden,) = vector
        width = of_hidden.shape[-1]
        of_read = (of_hidden * self.by_candidate) @ self.weight[width:]
        of_gate = of_hidden * self.by_gate + of_read * self.read_by_gate
        kept = of_hidden * self.update + of_read * self.reset
        return (of_gate @ self.weight[:width] + kept,)

    def jvp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_t u."""
        (hidden,) = vector
        width = hidden.shape[-1]
        gate = hidden @ self.weight[:width].T
        read = hidden * self.reset + gate * self.read_by_gate
        candidate = (read @ self.weight[width:].T) * self.by_candidate
        return (hidden * self.update + gate * self.by_gate + candidate,)

    def input_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_ih x_t + b)."""
        (of_hidden,) = vector
        of_candidate = of_hidden * self.by_candidate
        of_read = of_candidate @ self.weight[of_hidden.shape[-1] :]
        of_gate = of_hidden * self.by_gate + of_read * self.read_by_gate
        return joined((of_gate, of_candidate))

    def recurrent_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂ of W_hf h_{t−1} and W_hn (f ⊙ h_{t−1}): the same, for they are added."""
        return self.input_grad(vector)


class Mgu(RecurrentLayer):
    """Rows of f, then of n."""

    cell_name = "mgu"
    gates = ("reset", "candidate")
    hidden_enters_once = False
    forget_gate = ("reset", -1)

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__(input_size, hidden_size)
        rows = 2 * hidden_size
        self.declare(
            dtype=dtype,
            weight_ih=(rows, input_size),
            weight_hh=(rows, hidden_size),
            bias=(rows,),
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
        to_gate, to_candidate = weights["weight_hh"].T.chunk(2, -1)
        (h,) = start
        outputs = []
        for of_gate, of_candidate in zip(*drives.chunk(2, -1), strict=True):
            f = torch.sigmoid(torch.addmm(of_gate, h, to_gate))
            n = torch.tanh(torch.addmm(of_candidate, f * h, to_candidate))
            # (1 − f) ⊙ h + f ⊙ n in one operation.
            h = torch.lerp(h, n, f)
            outputs.append(h)
        return torch.stack(outputs), (h,)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """All timesteps at once."""
        weights, before = passed.weights, passed.before
        drives = passed.inputs @ weights["weight_ih"].T + weights["bias"]
        of_gate, of_candidate = drives.chunk(2, -1)
        to_gate, to_candidate = weights["weight_hh"].T.chunk(2, -1)
        f = torch.sigmoid(of_gate + before @ to_gate)
        read = f * before
        n = torch.tanh(of_candidate + read @ to_candidate)
        slope = logistic_slope(f)
        steps = MguLinearisation(
            update=1 - f,
            reset=f,
            by_gate=(n - before) * slope,
            read_by_gate=before * slope,
            by_candidate=f * tanh_slope(n),
            weight=weights["weight_hh"],
        )
        return Replay(
            states=(passed.output,),
            linearisation=steps,
            coupling=HiddenCoupling(steps, weights["weight_ih"]),
            reads=(before, read),
            gates={"reset": f, "update": steps.update, "candidate": n},
        )
