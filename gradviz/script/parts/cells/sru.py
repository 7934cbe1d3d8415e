"""The simple recurrent unit."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.script.parts.cells.scan import backward_scan


class SruMemory(torch.autograd.Function):
    """f_t = σ(a_t + v ⊙ c_{t−1}),  c_t = f_t ⊙ c_{t−1} + (1 − f_t) ⊙ x_t  at all timesteps.

    Its backward pass is written out, for autograd adds in another order, which gives other last
    digits; at a high learning rate these grow.
    """

    @staticmethod
    def forward(ctx: Any, drives: Tensor, x: Tensor, v: Tensor, start: Tensor) -> Tensor:
        gates, states = [], [start]
        for drive, written in zip(drives, x, strict=True):
            f = torch.sigmoid(torch.addcmul(drive, v, states[-1]))
            gates.append(f)
            # lerp(x, c, f) is f ⊙ c + (1 − f) ⊙ x.
            states.append(torch.lerp(written, states[-1], f))
        ctx.save_for_backward(torch.stack(gates), torch.stack(states[:-1]), x, v)
        return torch.stack(states[1:])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """∂c_t/∂a_t = (c_{t−1} − x_t) ⊙ f(1 − f),  ∂c_t/∂c_{t−1} = f + v ⊙ ∂c_t/∂a_t."""
        f, before, x, v = ctx.saved_tensors
        by_drive = (before - x) * torch.addcmul(f, f, f, value=-1)
        kept = torch.addcmul(f, v, by_drive)
        deltas = backward_scan(kept, grad)
        of_drives = deltas * by_drive
        return of_drives, deltas - deltas * f, (of_drives * before).sum((0, 1)), deltas[0] * kept[0]


class Sru(nn.Module):
    """The simple recurrent unit: no matrix goes from timestep to timestep (Lei et al. 2018).

    f = σ(W_f x_t + v_f ⊙ c_{t−1} + b_f),  r = σ(W_r x_t + v_r ⊙ c_{t−1} + b_r)
    c_t = f ⊙ c_{t−1} + (1 − f) ⊙ W x_t,  h_t = r ⊙ c_t + (1 − r) ⊙ √3 x_t

    Where the sizes of x_t and h_t differ, the last x_t is W_s x_t.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))
        self.bias = nn.Parameter(torch.empty(2 * hidden_size))
        self.peephole = nn.Parameter(torch.empty(2 * hidden_size))
        self.weight_skip = None
        if input_size != hidden_size:
            self.weight_skip = nn.Parameter(torch.empty(hidden_size, input_size))
        self.draw(1 / math.sqrt(hidden_size), 1 / math.sqrt(hidden_size))
        # Drawn again with the variances of the authors' code: 1/I, of the gates' half, of v 1/2.
        self.draw(math.sqrt(3 / input_size), math.sqrt(3 / 2))
        with torch.no_grad():
            self.weight_ih[: 2 * hidden_size] *= math.sqrt(1 / 2)
            self.bias.zero_()

    def draw(self, bound: float, of_peephole: float) -> None:
        for name, parameter in self.named_parameters():
            limit = of_peephole if name == "peephole" else bound
            nn.init.uniform_(parameter, -limit, limit)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """All h_t, (T, B, H), from the inputs (T, B, I), and the last c."""
        c = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        b_f, b_r = self.bias.chunk(2)
        v_f, v_r = self.peephole.chunk(2)
        of_forget, of_highway, x = (inputs @ self.weight_ih.T).chunk(3, -1)
        states: Tensor = SruMemory.apply(of_forget + b_f, x, v_f, c)  # type: ignore[no-untyped-call]
        before = torch.cat([c.unsqueeze(0), states[:-1]])
        r = torch.sigmoid(of_highway + b_r + v_r * before)
        passing = inputs if self.weight_skip is None else inputs @ self.weight_skip.T
        return torch.lerp(math.sqrt(3) * passing, states, r), states[-1]
