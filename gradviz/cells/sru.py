"""The simple recurrent unit of the final paper; it carries c, of which h is read out.

Lei, Zhang, Wang, Dai & Artzi 2018 (arXiv 1709.02755, version 5, EMNLP). That version's gates see
the memory unit by unit, through the vectors v; those of versions 1–3 (2017) did not:

    f = σ(W_f x_t + v_f ⊙ c_{t−1} + b_f)
    c_t = f ⊙ c_{t−1} + (1 − f) ⊙ W x_t
    r = σ(W_r x_t + v_r ⊙ c_{t−1} + b_r)
    h_t = r ⊙ c_t + (1 − r) ⊙ α x_t

With v_f the Jacobian is diagonal, but not diag(f):

    J_t = ∂c_t/∂c_{t−1} = diag(f + v_f ⊙ (c_{t−1} − W x_t) ⊙ f(1 − f))

With v = 0 it is diag(f), as in 2017. α = √(1 + 2e^b), with b what b_r is at first, keeps the size
of what passes; where I ≠ H, x_t on the highway is W_s x_t. Parameters: 3HI + 4H, and HI for W_s.
The start is that of the authors' code: all W have variance 1/I, W_f and W_r half of it, v has 1/2.

Index legend: T timesteps, B sequences, I input size, H hidden size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from gradviz.cells.elementwise import ElementwiseLinearisation
from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import Replay, State
from gradviz.cells.scan import before, gradients_of
from gradviz.cells.squash import logistic_slope

SCALE = math.sqrt(3)
"""α, for b_r = 0 at first."""


class Sru(RecurrentLayer):
    """weight_ih (3H, I) of f, r and W x_t; bias and peephole v (2H,) of f and r.

    W x_t, the candidate, is not squashed and so not among the gates that are shown.

    Where I ≠ H also weight_skip (H, I), W_s.
    """

    cell_name = "sru"
    gates = ("forget", "highway", "candidate")
    forget_gate = ("forget", 1)
    has_recurrent_weight = False
    noise_kinds = ()

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__(input_size, hidden_size)
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (3 * hidden_size, input_size),
            "bias": (2 * hidden_size,),
            "peephole": (2 * hidden_size,),
        }
        if input_size != hidden_size:
            shapes["weight_skip"] = (hidden_size, input_size)
        self.declare(dtype=dtype, **shapes)
        self._start()

    @torch.no_grad()
    def _start(self) -> None:
        own = self.own()
        for name, each in own.items():
            bound = math.sqrt(3 / 2) if name == "peephole" else math.sqrt(3 / self.input_size)
            nn.init.uniform_(each, -bound, bound)
        own["weight_ih"][: 2 * self.hidden_size] *= math.sqrt(1 / 2)
        own["bias"].zero_()

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """(H,) of c."""
        return (self.hidden_size,)

    @property
    def output_size(self) -> int:
        """H."""
        return self.hidden_size

    def weights(self) -> dict[str, Tensor]:
        """The parameters."""
        return self.own()

    def run(self, inputs: Tensor, start: State, weights: dict[str, Tensor]) -> tuple[Tensor, State]:
        """All products at once; the memory, unit by unit, goes through the timesteps."""
        v_f, v_r = weights["peephole"].chunk(2)
        b_f, b_r = weights["bias"].chunk(2)
        of_forget, of_highway, x = (inputs @ weights["weight_ih"].T).chunk(3, -1)
        drive = of_forget + b_f
        c: Tensor = _Memory.apply(drive, x, v_f, *start)  # type: ignore[no-untyped-call]
        r = torch.sigmoid(of_highway + b_r + v_r * before(start[0], c))
        passing = SCALE * _skipped(inputs, weights)
        return torch.lerp(passing, c, r), (c[-1],)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """∂c_t/∂(W_f x, W x) = (c_{t−1} − W x) f′, 1 − f."""
        weights, (start,) = passed.weights, passed.start
        v_f, v_r = weights["peephole"].chunk(2)
        b_f, b_r = weights["bias"].chunk(2)
        of_forget, of_highway, x = (passed.inputs @ weights["weight_ih"].T).chunk(3, -1)
        f, c = _memory(of_forget + b_f, x, v_f, start)
        old = before(start, c)
        r = torch.sigmoid(of_highway + b_r + v_r * old)
        by_forget = (old - x) * logistic_slope(f)
        steps = ElementwiseLinearisation(
            kept=torch.addcmul(f, v_f, by_forget), by_input=torch.cat([by_forget, 1 - f], -1)
        )
        by_highway = (c - SCALE * _skipped(passed.inputs, weights)) * logistic_slope(r)
        weight_f, weight_r, weight = weights["weight_ih"].chunk(3)
        return Replay(
            states=(c,),
            linearisation=steps,
            coupling=SruCoupling(
                steps,
                highway=r,
                by_highway=by_highway,
                peeping=v_r * by_highway,
                weight_ih=torch.cat([weight_f, weight]),
                weight_highway=weight_r,
                weight_skip=weights.get("weight_skip"),
            ),
            gates={"forget": f, "highway": r},
        )


@dataclass
class SruCoupling:
    """The highway: h_t from c_t, c_{t−1} and x_t."""

    steps: ElementwiseLinearisation
    highway: Tensor
    """(T, B, H) r."""
    by_highway: Tensor
    """(T, B, H) (c_t − α x_t) ⊙ r′."""
    peeping: Tensor
    """(T, B, H) v_r ⊙ the same: ∂h_t/∂c_{t−1} at fixed c_t."""
    weight_ih: Tensor
    """(2H, I) W_f and W."""
    weight_highway: Tensor
    """(H, I) W_r."""
    weight_skip: Tensor | None
    """(H, I) W_s; None where x_t itself passes."""

    def output_to_state(self, grad: Tensor) -> State:
        """R ⊙ g."""
        return (grad * self.highway,)

    def output_to_state_before(self, grad: Tensor) -> State:
        """R sees c_{t−1}."""
        return (grad * self.peeping,)

    def to_inputs(self, vector: State) -> tuple[Tensor, ...]:
        """Through f and W x_t."""
        return (self.steps.input_grad(vector) @ self.weight_ih,)

    def output_to_inputs(self, grad: Tensor) -> tuple[Tensor, ...]:
        """Through r, and by the highway."""
        passing = SCALE * (grad - grad * self.highway)
        if self.weight_skip is not None:
            passing = passing @ self.weight_skip
        return (passing + (grad * self.by_highway) @ self.weight_highway,)


def _skipped(inputs: Tensor, weights: Any) -> Tensor:
    """x_t, or W_s x_t."""
    return inputs @ weights["weight_skip"].T if "weight_skip" in weights else inputs


def _memory(drive: Tensor, x: Tensor, v: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
    """(T, B, H) f and c; without a graph."""
    gates, states, c = torch.empty_like(x), torch.empty_like(x), start
    for a, written, f, state in zip(drive, x, gates.unbind(), states.unbind(), strict=True):
        torch.addcmul(a, v, c, out=f).sigmoid_()
        c = torch.lerp(written, c, f, out=state)
    return gates, states


class _Memory(torch.autograd.Function):
    """c of all timesteps, from W_f x_t + b_f, W x_t, v_f and c_0.

    Autograd would note every timestep by itself.
    """

    @staticmethod
    def forward(ctx: Any, drive: Tensor, x: Tensor, v: Tensor, start: Tensor) -> Tensor:
        gates, states = _memory(drive, x, v, start)
        ctx.save_for_backward(gates, states, x, v, start)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        f, c, x, v, start = ctx.saved_tensors
        old = before(start, c)
        by_forget = (old - x) * logistic_slope(f)
        kept = torch.addcmul(f, v, by_forget)
        total = gradients_of(kept, grad)
        of_drive = total * by_forget
        of_v = (of_drive * old).sum((0, 1))
        return of_drive, total - total * f, of_v, total[0] * kept[0]
