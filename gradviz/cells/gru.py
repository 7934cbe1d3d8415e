"""The GRU, as in PyTorch's `nn.GRU`.

Cho et al. 2014 (arXiv 1406.1078), in the form with the reset gate behind the product:

    r, z = σ of W_ih x_t + b_ih + W_hh h_{t−1} + b_hh
    n = tanh(W_in x_t + b_in + r ⊙ (W_hn h_{t−1} + b_hn))
    h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradviz.cells.layer_pass import LayerPass


@dataclass
class GruLinearisation:
    """J_t = diag(z) + the paths through r, z and n."""

    update: Tensor
    """(T, B, H) z."""
    to_hidden: Tensor
    """(T, B, 3, H): ∂h_t/∂(W_hh h_{t−1} + b_hh) of r, z, n."""
    candidate: Tensor
    """(T, B, H): ∂h_t/∂(W_in x_t + b_in)."""
    weight: Tensor
    """(3H, H) W_hh."""

    def vjp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_tᵀ v."""
        through = (vector[0].unsqueeze(-2) * self.to_hidden).flatten(-2)
        return (torch.addcmul(through @ self.weight, vector[0], self.update),)

    def jvp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_t u."""
        drive = (vector[0] @ self.weight.T).unflatten(-1, (3, -1))
        return (vector[0] * self.update + (drive * self.to_hidden).sum(-2),)

    def input_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih); n's input side is not multiplied by r."""
        gates = (vector[0].unsqueeze(-2) * self.to_hidden[..., :2, :]).flatten(-2)
        return torch.cat([gates, vector[0] * self.candidate], -1)


@dataclass
class GruReplay:
    """Gates of all timesteps."""

    gates: dict[str, Tensor]
    linearisation: GruLinearisation
    cell: Tensor | None = None


def replay(passed: LayerPass) -> GruReplay:
    """Gates and linearisation of all timesteps."""
    weights, before = passed.weights, passed.before
    drive = torch.addmm(weights.bias_ih, passed.inputs.flatten(0, 1), weights.ih.T)
    recurrent = torch.addmm(weights.bias_hh, before.flatten(0, 1), weights.hh.T)
    drive, recurrent = (each.unflatten(0, before.shape[:2]) for each in (drive, recurrent))
    r_in, z_in, n_in = drive.chunk(3, -1)
    r_back, z_back, n_back = recurrent.chunk(3, -1)
    r, z = (r_in + r_back).sigmoid(), (z_in + z_back).sigmoid()
    n = (n_in + r * n_back).tanh()
    candidate = (1 - z) * (1 - n**2)
    to_reset = candidate * n_back * r * (1 - r)
    to_update = (before - n) * z * (1 - z)
    return GruReplay(
        gates={"reset": r, "update": z, "candidate": n},
        linearisation=GruLinearisation(
            update=z,
            to_hidden=torch.stack([to_reset, to_update, candidate * r], -2),
            candidate=candidate,
            weight=weights.hh,
        ),
    )
