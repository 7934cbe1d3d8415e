"""The LSTM, as in PyTorch's `nn.LSTM`; state s = (h, c).

Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000:

    i, f, g, o = σ, σ, tanh, σ of W_ih x_t + b_ih + W_hh h_{t−1} + b_hh
    c_t = f ⊙ c_{t−1} + i ⊙ g
    h_t = o ⊙ tanh(c_t)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradviz.cells.layer_pass import LayerPass


@dataclass
class LstmLinearisation:
    """J_t of (h, c) by the gates' multipliers."""

    forget: Tensor
    """(T, B, H): ∂c_t/∂c_{t−1} at fixed h_{t−1}."""
    out: Tensor
    """(T, B, H): o(1 − tanh²c_t), ∂h_t/∂c_t."""
    to_cell: Tensor
    """(T, B, 3, H): ∂c_t/∂a of the pre-activations of i, f, g."""
    to_hidden: Tensor
    """(T, B, H): ∂h_t/∂a_o at fixed c_t."""
    weight: Tensor
    """(4H, H) W_hh."""

    def vjp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_tᵀ (v_h, v_c)."""
        of_cell = torch.addcmul(vector[1], vector[0], self.out)
        split = 3 * self.weight.shape[-1]
        # Two products instead of one of the joined gates: to join them is the dearest part.
        of_ifg = (of_cell.unsqueeze(-2) * self.to_cell).flatten(-2) @ self.weight[:split]
        of_o = (vector[0] * self.to_hidden) @ self.weight[split:]
        return (of_ifg + of_o, of_cell * self.forget)

    def jvp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_t (u_h, u_c)."""
        drive = (vector[0] @ self.weight.T).unflatten(-1, (4, -1))
        cell = vector[1] * self.forget + (drive[..., :3, :] * self.to_cell).sum(-2)
        return (cell * self.out + drive[..., 3, :] * self.to_hidden, cell)

    def input_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih), in PyTorch's gate order."""
        of_cell = torch.addcmul(vector[1], vector[0], self.out)
        of_ifg = (of_cell.unsqueeze(-2) * self.to_cell).flatten(-2)
        return torch.cat([of_ifg, vector[0] * self.to_hidden], -1)


@dataclass
class LstmReplay:
    """Gates and cell states of all timesteps."""

    gates: dict[str, Tensor]
    cell: Tensor
    linearisation: LstmLinearisation


def replay(passed: LayerPass) -> LstmReplay:
    """Gates, cell states and linearisation of all timesteps."""
    weights = passed.weights
    drive = torch.addmm(
        weights.bias_ih + weights.bias_hh, passed.inputs.flatten(0, 1), weights.ih.T
    )
    drive.addmm_(passed.before.flatten(0, 1), weights.hh.T)
    i, f, g, o = drive.unflatten(0, passed.before.shape[:2]).chunk(4, -1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    previous, now = _cells(f, i * g, passed.cell)
    squashed = now.tanh()
    to_cell = torch.stack([g * i * (1 - i), previous * f * (1 - f), i * (1 - g**2)], -2)
    return LstmReplay(
        gates={"input": i, "forget": f, "candidate": g, "output": o},
        cell=now,
        linearisation=LstmLinearisation(
            forget=f,
            out=o * (1 - squashed**2),
            to_cell=to_cell,
            to_hidden=squashed * o * (1 - o),
            weight=weights.hh,
        ),
    )


def _cells(forget: Tensor, write: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """(T, B, H) c_{t−1} and c_t: the only part of a replay that goes timestep by timestep."""
    cells = [first]
    for kept, written in zip(forget.unbind(), write.unbind(), strict=True):
        cells.append(torch.addcmul(written, kept, cells[-1]))
    stacked = torch.stack(cells)
    return stacked[:-1], stacked[1:]
