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

from gradviz.cells.arrays import masked, plus_product
from gradviz.cells.layer_pass import LayerPass, Weights
from gradviz.cells.linearisation import HiddenCoupling, Replay, State
from gradviz.cells.masks import Masks
from gradviz.cells.squash import logistic_slope, tanh_, tanh_slope


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
    hidden_mask: Tensor | None = None
    """(T, B, H) factors of h_{t−1} where W_hh multiplies it, of variational dropout."""

    @property
    def cost(self) -> int:
        """Multiply-adds of one product."""
        return self.weight.numel()

    def vjp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_tᵀ v."""
        through = self.recurrent_grad(vector)
        through = masked(through @ self.weight, self.hidden_mask)
        return (plus_product(through, vector[0], self.update),)

    def jvp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_t u."""
        read = masked(vector[0], self.hidden_mask)
        drive = (read @ self.weight.T).unflatten(-1, (3, -1))
        return (vector[0] * self.update + (drive * self.to_hidden).sum(-2),)

    def input_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih); n's input side is not multiplied by r."""
        gates = (vector[0].unsqueeze(-2) * self.to_hidden[..., :2, :]).flatten(-2)
        return torch.cat([gates, vector[0] * self.candidate], -1)

    def recurrent_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_hh h_{t−1} + b_hh), where n's side is multiplied by r."""
        through = vector[0][..., None, :] * self.to_hidden
        return through.reshape(*through.shape[:-2], -1)


def replay(passed: LayerPass) -> Replay:
    """Gates and linearisation of all timesteps."""
    weights, before, masks = passed.weights, passed.before, passed.masks
    read = masked(before, masks.hidden)
    shape, width = before.shape[:2], before.shape[-1]
    drive = torch.addmm(weights["bias_ih"], passed.inputs.flatten(0, 1), weights["weight_ih"].T)
    recurrent = torch.addmm(weights["bias_hh"], read.flatten(0, 1), weights["weight_hh"].T)
    drive, recurrent = drive.unflatten(0, shape), recurrent.unflatten(0, shape)
    back = recurrent[..., 2 * width :]
    gates = drive[..., : 2 * width].add_(recurrent[..., : 2 * width]).sigmoid_()
    r, z = gates.chunk(2, -1)
    n = tanh_(drive[..., 2 * width :].addcmul_(r, back))
    slope = tanh_slope(n)
    candidate = masked(torch.addcmul(slope, slope, z, value=-1), masks.candidate)
    to_hidden = torch.empty_like(drive)
    to_reset, to_update, to_candidate = to_hidden.chunk(3, -1)
    logistic_slope(gates, out=to_hidden[..., : 2 * width])
    torch.mul(candidate, r, out=to_candidate)
    to_reset.mul_(candidate).mul_(back)
    to_update.mul_(before - masked(n, masks.candidate))
    steps = GruLinearisation(
        update=z,
        to_hidden=to_hidden.unflatten(-1, (3, width)),
        candidate=candidate,
        weight=weights["weight_hh"],
        hidden_mask=masks.hidden,
    )
    return Replay(
        states=(passed.output,),
        linearisation=steps,
        coupling=HiddenCoupling(steps, weights["weight_ih"]),
        reads=(read,),
        gates={"reset": r, "update": z, "candidate": n},
    )


def step(inputs: Tensor, state: State, weights: Weights, masks: Masks) -> State:
    """One timestep, (B, I) and (B, H), with masks of W_hh's h_{t−1} and of the candidate."""
    (h,) = state
    read = torch.addmm(weights["bias_ih"], inputs, weights["weight_ih"].T).chunk(3, -1)
    back = torch.addmm(weights["bias_hh"], masked(h, masks.hidden), weights["weight_hh"].T).chunk(
        3, -1
    )
    r, z = torch.sigmoid(read[0] + back[0]), torch.sigmoid(read[1] + back[1])
    n = masked(torch.tanh(read[2] + r * back[2]), masks.candidate)
    return (torch.lerp(n, h, z),)
