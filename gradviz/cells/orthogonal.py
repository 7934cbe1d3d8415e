"""The orthogonal RNN: W_hh is orthogonal by its very parameters, so that nothing shrinks in it.

scoRNN: Helfrich, Willmott & Ye 2018 (arXiv 1707.09520), with the modReLU of Arjovsky, Shah &
Bengio 2016 (arXiv 1511.06464):

    W = (I + A)⁻¹ (I − A),  A = S − Sᵀ, S strictly lower triangular    (Cayley's map)
    h_t = modReLU(W_ih x_t + W h_{t−1}),  modReLU(z) = sign(z) max(|z| + b, 0)

J_t = diag(h_t ≠ 0) W: its norm is exactly 1 while one unit is on, and it turns without shrinking
while all are. Parameters: HI + H(H − 1)/2 + H. W has every eigenvalue of modulus 1 but −1.

Lezcano-Casado & Martínez-Rubio 2019 (expRNN, arXiv 1901.08428) take e^A for Cayley's map. In
float32 that is orthogonal to 6e-6 only, at H = 64; in float64 its backward pass takes about as long
as an LSTM's whole step, and Cayley's 1/70 of that. So it is Cayley's, in float64.

Index legend: T timesteps, B sequences, I input size, H hidden size.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import HiddenCoupling, Replay, State
from gradviz.cells.nonlinearity import MODRELU
from gradviz.cells.rnn import RnnLinearisation

BIAS = 0.01
"""b starts in U(−BIAS, BIAS), as in the papers' code: modReLU starts about linear."""


class OrthogonalRnn(RecurrentLayer):
    """W_ih (H, I), the entries of S below the diagonal (H(H − 1)/2,) and modReLU's b (H,).

    A starts as H/2 blocks [[0, s], [−s, 0]] with s = tan(θ/2), which turn planes by angles θ of
    U(0, π/2), as the paper's.
    """

    cell_name = "orthogonal_rnn"
    gates = ("hidden",)
    has_recurrent_weight = False
    noise_kinds = ("zoneout", "variational")

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__(input_size, hidden_size, MODRELU)
        self.declare(
            dtype=dtype,
            weight_ih=(hidden_size, input_size),
            skew=(hidden_size * (hidden_size - 1) // 2,),
            bias=(hidden_size,),
        )
        with torch.no_grad():
            self.skew.copy_(_turning_planes(hidden_size))
            self.bias.uniform_(-BIAS, BIAS)

    skew: Tensor
    bias: Tensor

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """(H,)."""
        return (self.hidden_size,)

    @property
    def output_size(self) -> int:
        """H."""
        return self.hidden_size

    def weights(self) -> dict[str, Tensor]:
        """W among them, made of `skew`."""
        own = self.own()
        return {
            "weight_ih": own["weight_ih"],
            "weight_hh": cayley(own["skew"], self.hidden_size),
            "bias": own["bias"],
        }

    def run(self, inputs: Tensor, start: State, weights: dict[str, Tensor]) -> tuple[Tensor, State]:
        """Timestep by timestep."""
        drives = inputs @ weights["weight_ih"].T
        output, last = _Loop.apply(drives, start[0], weights["weight_hh"], weights["bias"])  # type: ignore[no-untyped-call]
        return output, (last,)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """A unit that is on has slope 1."""
        slope = (passed.output != 0).to(passed.output.dtype)
        steps = RnnLinearisation(slope=slope, weight=passed.weights["weight_hh"])
        return Replay(
            states=(passed.output,),
            linearisation=steps,
            coupling=HiddenCoupling(steps, passed.weights["weight_ih"]),
            reads=(passed.before,),
        )


class _Loop(torch.autograd.Function):
    """The recurrence with its own backward pass: autograd's made a step half as long again."""

    @staticmethod
    def forward(
        ctx: Any, drives: Tensor, start: Tensor, weight: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(T, B, H) h_t of W_ih x_t, and h_T."""
        h, outputs = start, torch.empty_like(drives)
        for drive, output in zip(drives, outputs, strict=True):
            z = torch.addmm(drive, h, weight.T)
            h = torch.copysign(z.abs().add_(bias).relu_(), z, out=output)
        ctx.save_for_backward(outputs, start, weight)
        return outputs, h.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, of_last: Tensor) -> tuple[Tensor, ...]:
        """Of z_t it is δ_t = slope ⊙ (∂L/∂h_t + Wᵀ δ_{t+1})."""
        outputs, start, weight = ctx.saved_tensors
        before, slopes = torch.cat([start[None], outputs[:-1]]), (outputs != 0).to(outputs.dtype)
        deltas, flowing = torch.empty_like(outputs), of_last
        for t in reversed(range(len(outputs))):
            delta = torch.add(grad[t], flowing, out=deltas[t]).mul_(slopes[t])
            flowing = delta @ weight
        of_weight = deltas.flatten(0, 1).T @ before.flatten(0, 1)
        return deltas, flowing, of_weight, (deltas * outputs.sign()).sum((0, 1))


def cayley(skew: Tensor, size: int) -> Tensor:
    """(I + A)⁻¹ (I − A), (H, H), from the entries of A below its diagonal, row by row.

    Computed in float64; that it is orthogonal holds for any entries.
    """
    rows, columns = torch.tril_indices(size, size, -1, device=skew.device)
    below = skew.new_zeros(size, size, dtype=torch.float64)
    below = below.index_put((rows, columns), skew.double())
    a, identity = below - below.T, torch.eye(size, dtype=torch.float64, device=skew.device)
    turning: Tensor = torch.linalg.solve(identity + a, identity - a)
    return turning.to(skew.dtype)


def _turning_planes(size: int) -> Tensor:
    """The entries of A below its diagonal: unit 2k with unit 2k + 1."""
    below = torch.zeros(size, size, dtype=torch.float64)
    angles = torch.rand(size // 2, dtype=torch.float64) * (math.pi / 2)
    first = torch.arange(0, 2 * (size // 2), 2)
    below[first + 1, first] = torch.tan(angles / 2)
    rows, columns = torch.tril_indices(size, size, -1)
    return below[rows, columns]
