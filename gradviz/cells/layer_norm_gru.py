"""The GRU with layer normalisation; state s = (h,).

Ba, Kiros & Hinton 2016 (arXiv 1607.06450), the GRU of the supplement, LN with gain α and bias β:

    r, z = σ of LN(W_ih x_t; α, β) + LN(W_hh h_{t−1}; α, β)
    n = tanh(LN(W_in x_t; α, β) + r ⊙ LN(W_hn h_{t−1}; α, β))
    h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}

The mean and variance are taken over the 2H rows of r and z together, and over the H of n. As in
PyTorch's GRU z keeps h_{t−1}; the paper's z is 1 − z. Gains start at 1 and biases at 0 (its
section 6). Parameters: 3H(I + H) + 12H.

J_t is the GRU's, diag(z) + the ways through r, z and n, of which each goes through a normalisation
(`layer_norm`): where h is small they are large, at h_0 = 0 by 1/√ε = 316.

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
from gradviz.cells.linearisation import HiddenCoupling, Replay, State
from gradviz.cells.squash import logistic_slope, tanh_slope


@dataclass
class LayerNormGruLinearisation:
    """J_t = diag(z) + the paths through r, z and n, each normalised."""

    update: Tensor
    """(T, B, H) z."""
    by_recurrent: Tensor
    """(T, B, 3H): ∂h_t/∂ of what the norms make of W_hh h_{t−1}, of r, z, n, times α_hh."""
    by_input: Tensor
    """(T, B, 3H): likewise of W_ih x_t."""
    recurrent_gates: Normalised
    """The 2H rows of r and z of W_hh h_{t−1}."""
    recurrent_candidate: Normalised
    """Its H rows of n."""
    input_gates: Normalised
    """The 2H rows of r and z of W_ih x_t."""
    input_candidate: Normalised
    """Its H rows of n."""
    weight: Tensor
    """(3H, H) W_hh."""

    @property
    def cost(self) -> int:
        """Multiply-adds of one product."""
        return self.weight.numel()

    def vjp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_tᵀ v."""
        return (self.recurrent_grad(vector) @ self.weight + vector[0] * self.update,)

    def jvp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_t u."""
        drive = _product(self.recurrent_gates, self.recurrent_candidate, vector[0] @ self.weight.T)
        through = (drive * self.by_recurrent).unflatten(-1, (3, -1)).sum(-2)
        return (vector[0] * self.update + through,)

    def input_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_ih x_t), before its normalisations."""
        through = joined((vector[0],) * 3) * self.by_input
        return _product(self.input_gates, self.input_candidate, through)

    def recurrent_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_hh h_{t−1}), before its normalisations."""
        through = joined((vector[0],) * 3) * self.by_recurrent
        return _product(self.recurrent_gates, self.recurrent_candidate, through)


class LayerNormGru(RecurrentLayer):
    """nn.GRU's parameters, and gains of the norms, as many as biases."""

    cell_name = "layer_norm_gru"
    gates = ("reset", "update", "candidate")
    forget_gate = ("update", 1)

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__(input_size, hidden_size)
        rows = 3 * hidden_size
        self.declare(
            dtype=dtype,
            weight_ih=(rows, input_size),
            weight_hh=(rows, hidden_size),
            bias_ih=(rows,),
            bias_hh=(rows,),
            gain_ih=(rows,),
            gain_hh=(rows,),
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
        w, back = weights, weights["weight_hh"].T
        drives = _norms(inputs @ w["weight_ih"].T, w["gain_ih"], w["bias_ih"])
        (h,) = start
        outputs = []
        for of_gates, of_candidate in zip(*drives, strict=True):
            gates, candidate = _norms(h @ back, w["gain_hh"], w["bias_hh"])
            r, z = torch.sigmoid(of_gates + gates).chunk(2, -1)
            n = torch.tanh(of_candidate + r * candidate)
            h = torch.lerp(n, h, z)  # (1 − z) ⊙ n + z ⊙ h
            outputs.append(h)
        return torch.stack(outputs), (h,)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """All timesteps at once."""
        w, before, width = passed.weights, passed.before, passed.output.shape[-1]
        read, back = passed.inputs @ w["weight_ih"].T, before @ w["weight_hh"].T
        norms = [
            normalised(part) for each in (back, read) for part in each.split((2 * width, width), -1)
        ]
        recurrent = torch.cat([norms[0].values, norms[1].values], -1) * w["gain_hh"] + w["bias_hh"]
        drive = torch.cat([norms[2].values, norms[3].values], -1) * w["gain_ih"] + w["bias_ih"]
        r, z = (drive + recurrent)[..., : 2 * width].sigmoid().chunk(2, -1)
        candidate = recurrent[..., 2 * width :]
        n = torch.tanh(drive[..., 2 * width :] + r * candidate)
        by_candidate = (1 - z) * tanh_slope(n)
        by_reset = by_candidate * candidate * logistic_slope(r)
        by_update = (before - n) * logistic_slope(z)
        steps = LayerNormGruLinearisation(
            update=z,
            by_recurrent=torch.cat([by_reset, by_update, by_candidate * r], -1) * w["gain_hh"],
            by_input=torch.cat([by_reset, by_update, by_candidate], -1) * w["gain_ih"],
            recurrent_gates=norms[0],
            recurrent_candidate=norms[1],
            input_gates=norms[2],
            input_candidate=norms[3],
            weight=w["weight_hh"],
        )
        return Replay(
            states=(passed.output,),
            linearisation=steps,
            coupling=HiddenCoupling(steps, w["weight_ih"]),
            reads=(before,),
            gates={"reset": r, "update": z, "candidate": n},
        )


def _product(gates: Normalised, candidate: Normalised, vector: Tensor) -> Tensor:
    """(…, 3H): by the Jacobian of both norms, which is symmetric."""
    width = vector.shape[-1] // 3
    of_gates, of_candidate = vector[..., : 2 * width], vector[..., 2 * width :]
    return joined((gates.product(of_gates), candidate.product(of_candidate)))


def _norms(values: Tensor, gain: Tensor, bias: Tensor) -> list[Tensor]:
    """LN(u; α, β) of (…, 3H): over the 2H rows of r and z, and over the H of n."""
    width = values.shape[-1] // 3
    parts = zip(*(each.split((2 * width, width), -1) for each in (values, gain, bias)), strict=True)
    return [layer_norm(u, a, b) for u, a, b in parts]
