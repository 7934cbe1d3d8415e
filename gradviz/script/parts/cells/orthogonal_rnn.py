"""The orthogonal RNN."""

import math
from typing import Any

import torch
from torch import Tensor, nn


class ModReluLoop(torch.autograd.Function):
    """h_t = modReLU(W_ih x_t + W h_{t−1}) at all timesteps.

    Its backward pass is written out, for autograd adds in another order, which gives other last
    digits; at the thresholds of modReLU these grow.
    """

    @staticmethod
    def forward(ctx: Any, drives: Tensor, h: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        hidden = [h]
        for drive in drives:
            z = torch.addmm(drive, hidden[-1], weight.T)
            hidden.append(torch.copysign(torch.relu(z.abs() + bias), z))
        ctx.save_for_backward(torch.stack(hidden), weight)
        return torch.stack(hidden[1:])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of z_t it is δ_t = (h_t ≠ 0) ⊙ (∂L/∂h_t + Wᵀ δ_{t+1})."""
        hidden, weight = ctx.saved_tensors
        before, now = hidden[:-1], hidden[1:]
        deltas, flowing = torch.empty_like(now), torch.zeros_like(now[0])
        for t in reversed(range(len(now))):
            deltas[t] = (now[t] != 0) * (grad[t] + flowing)
            flowing = deltas[t] @ weight
        of_weight = deltas.flatten(0, 1).T @ before.flatten(0, 1)
        return deltas, flowing, of_weight, (deltas * now.sign()).sum((0, 1))


class OrthogonalRnn(nn.Module):
    """scoRNN, whose W is orthogonal whatever is learned (Helfrich, Willmott & Ye 2018).

    W = (I + A)⁻¹ (I − A),  A = S − Sᵀ, S strictly lower triangular
    h_t = modReLU(W_ih x_t + W h_{t−1}),  modReLU(z) = sign(z) max(|z| + b, 0)
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))
        self.skew = nn.Parameter(torch.empty(hidden_size * (hidden_size - 1) // 2))
        self.bias = nn.Parameter(torch.empty(hidden_size))
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
        # S and b start anew: W turns H/2 planes by angles of U(0, π/2), modReLU is almost linear.
        angles = torch.rand(hidden_size // 2) * (math.pi / 2)
        first = 2 * torch.arange(hidden_size // 2)
        below = torch.zeros(hidden_size, hidden_size)
        below[first + 1, first] = torch.tan(angles / 2)
        with torch.no_grad():
            self.skew.copy_(below[*torch.tril_indices(hidden_size, hidden_size, -1)])
            self.bias.uniform_(-0.01, 0.01)

    def recurrent_weight(self) -> Tensor:
        """W, (H, H), computed in float64."""
        size = self.hidden_size
        below = torch.zeros(size, size, dtype=torch.float64)
        below[*torch.tril_indices(size, size, -1)] = self.skew.double()
        a, identity = below - below.T, torch.eye(size, dtype=torch.float64)
        weight: Tensor = torch.linalg.solve(identity + a, identity - a)
        return weight.to(self.skew.dtype)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """All h_t, (T, B, H), from the inputs (T, B, I), and the last."""
        h = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        drives = inputs @ self.weight_ih.T
        hidden: Tensor = ModReluLoop.apply(drives, h, self.recurrent_weight(), self.bias)  # type: ignore[no-untyped-call]
        return hidden, hidden[-1]
