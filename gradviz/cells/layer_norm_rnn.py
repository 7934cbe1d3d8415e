"""The plain RNN with layer normalisation; state s = (h,).

Ba, Kiros & Hinton 2016 (arXiv 1607.06450), equation 4, with gain α and bias b of H each, φ = tanh:

    a_t = W_ih x_t + W_hh h_{t−1}
    h_t = tanh(α ⊙ (a_t − mean a_t) / √(var a_t + ε) + b)

Mean and variance are those of the H units of one timestep. Gains start at 1 and biases at 0 (its
section 6). Parameters: H(I + H) + 2H.

    J_t = diag(φ′ α) N_t W_hh,   N_t = (I − 1 1ᵀ/H − â âᵀ/H) / √(var a_t + ε)

It is an RNN's through one normalisation (`layer_norm`): W_ih and W_hh twice as large leave h_t and
J_t as they are, and what Pascanu bounds by γ‖W_hh‖₂ is bound by nothing here, for a_t may be small.

Index legend: T timesteps, B sequences, I input size, H hidden size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.layer_norm import Normalised, layer_norm, normalised, start_norms
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import HiddenCoupling, Replay, State
from gradviz.cells.squash import tanh_slope


@dataclass
class LayerNormRnnLinearisation:
    """J_t = diag(by_drive) N_t W."""

    by_drive: Tensor
    """(T, B, H) φ′ α: ∂h_t/∂â_t."""
    drive: Normalised
    """a_t."""
    weight: Tensor
    """(H, H) W_hh."""

    @property
    def cost(self) -> int:
        """Multiply-adds of one product."""
        return self.weight.numel()

    def vjp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_tᵀ v."""
        return (self.input_grad(vector) @ self.weight,)

    def jvp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_t u."""
        return (self.drive.product(vector[0] @ self.weight.T) * self.by_drive,)

    def input_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_ih x_t), before the normalisation."""
        return self.drive.product(vector[0] * self.by_drive)

    def recurrent_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_hh h_{t−1}): the same, for the two are added."""
        return self.input_grad(vector)


class LayerNormRnn(RecurrentLayer):
    """nn.RNN's weights, and the norm's gain and bias."""

    cell_name = "layer_norm_rnn"
    gates = ("hidden",)

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__(input_size, hidden_size)
        self.declare(
            dtype=dtype,
            weight_ih=(hidden_size, input_size),
            weight_hh=(hidden_size, hidden_size),
            gain=(hidden_size,),
            bias=(hidden_size,),
        )
        start_norms(self)

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
        gain, bias, back = weights["gain"], weights["bias"], weights["weight_hh"].T
        (h,) = start
        outputs = []
        for drive in inputs @ weights["weight_ih"].T:
            a = torch.addmm(drive, h, back)
            h = torch.tanh(layer_norm(a, gain, bias))
            outputs.append(h)
        return torch.stack(outputs), (h,)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """All timesteps at once; φ′ follows from h_t."""
        w, before = passed.weights, passed.before
        drive = normalised(passed.inputs @ w["weight_ih"].T + before @ w["weight_hh"].T)
        steps = LayerNormRnnLinearisation(
            by_drive=tanh_slope(passed.output) * w["gain"], drive=drive, weight=w["weight_hh"]
        )
        return Replay(
            states=(passed.output,),
            linearisation=steps,
            coupling=HiddenCoupling(steps, w["weight_ih"]),
            reads=(before,),
        )
