"""The LSTM, as in PyTorch's `nn.LSTM`; state s = (h, c).

Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000:

    i, f, g, o = σ, σ, tanh, σ of W_ih x_t + b_ih + W_hh h_{t−1} + b_hh
    c_t = f ⊙ c_{t−1} + i ⊙ g
    h_t = o ⊙ tanh(c_t)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


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

    def at(self, index: int) -> LstmLinearisation:
        """One timestep."""
        return replace(
            self,
            forget=self.forget[index],
            out=self.out[index],
            to_cell=self.to_cell[index],
            to_hidden=self.to_hidden[index],
        )

    def vjp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_tᵀ (v_h, v_c)."""
        of_cell = torch.addcmul(vector[1], vector[0], self.out)
        return (self._pre_activation(vector[0], of_cell) @ self.weight, of_cell * self.forget)

    def jvp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_t (u_h, u_c)."""
        drive = (vector[0] @ self.weight.T).unflatten(-1, (4, -1))
        cell = vector[1] * self.forget + (drive[..., :3, :] * self.to_cell).sum(-2)
        return (cell * self.out + drive[..., 3, :] * self.to_hidden, cell)

    def input_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih), in PyTorch's gate order."""
        return self._pre_activation(vector[0], torch.addcmul(vector[1], vector[0], self.out))

    def _pre_activation(self, of_hidden: Tensor, of_cell: Tensor) -> Tensor:
        to_ifg = of_cell.unsqueeze(-2) * self.to_cell
        return torch.cat([to_ifg.flatten(-2), of_hidden * self.to_hidden], -1)


@dataclass
class LstmReplay:
    """Gates and cell states of all timesteps."""

    gates: dict[str, Tensor]
    cell: Tensor
    linearisation: LstmLinearisation


def replay(
    hidden: Tensor,
    before: Tensor,
    drive: Tensor,
    weight: Tensor,
    bias: Tensor,
    cell: Tensor | None,
    nonlinearity: str,
) -> LstmReplay:
    """Gates, cell states and linearisation of all timesteps.

    Args:
        hidden: (T, B, H) h_t; unused, it follows from the cell.
        before: (T, B, H) h_{t−1}.
        drive: (T, B, 4H) W_ih x_t + b_ih.
        weight: (4H, H) W_hh.
        bias: (4H,) b_hh.
        cell: (B, H) c_0.
        nonlinearity: unused.
    """
    del hidden, nonlinearity
    assert cell is not None
    i, f, g, o = (
        torch.addmm(drive.flatten(0, 1) + bias, before.flatten(0, 1), weight.T)
        .unflatten(0, drive.shape[:2])
        .chunk(4, -1)
    )
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    write = i * g
    cells = [cell]
    for forget, written in zip(f, write, strict=True):
        cells.append(torch.addcmul(written, forget, cells[-1]))
    previous, now = torch.stack(cells[:-1]), torch.stack(cells[1:])
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
            weight=weight,
        ),
    )
