"""The LSTM, as in PyTorch's `nn.LSTM`; state s = (h, c).

Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000 and, where the
module has a proj_size, the projection of Sak et al. 2014 (arXiv 1402.1128):

    i, f, g, o = σ, σ, tanh, σ of W_ih x_t + b_ih + W_hh h_{t−1} + b_hh
    c_t = f ⊙ c_{t−1} + i ⊙ g
    h_t = o ⊙ tanh(c_t), or W_hr (o ⊙ tanh(c_t))
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gradviz.cells.arrays import joined, masked, plus_product
from gradviz.cells.layer_pass import LayerPass, Weights
from gradviz.cells.linearisation import HiddenCoupling, MemoryLinearisation, Replay, State
from gradviz.cells.masks import Masks
from gradviz.cells.squash import logistic_slope, squash_gates_, tanh_


@dataclass
class LstmLinearisation(MemoryLinearisation):
    """J_t of (h, c) by the gates' multipliers.

    It serves every LSTM of G gates whose last is the output gate, and whose other connections,
    like peepholes, go unit by unit: these are in `forget` and `out`.
    """

    forget: Tensor
    """(T, B, H): ∂c_t/∂c_{t−1} at fixed h_{t−1}; the forget gate, and what peepholes add."""
    out: Tensor
    """(T, B, H): ∂h_t/∂c_t before a projection; o(1 − tanh²c_t), and what a peephole adds."""
    by_gate: Tensor
    """(T, B, G·H), by the pre-activations a: ∂c_t/∂a of i, f, g; ∂h_t/∂a of o at fixed c_t."""
    weight: Tensor
    """(G·H, P) W_hh."""
    projection: Tensor | None = None
    """(P, H) W_hr; P = H without one."""
    hidden_mask: Tensor | None = None
    """(T, B, P) factors of h_{t−1}, of variational dropout."""

    @property
    def cost(self) -> int:
        """Multiply-adds of one product."""
        return self.weight.numel()

    def vjp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_tᵀ (v_h, v_c)."""
        of_hidden, of_cell = vector
        if self.projection is not None:
            of_hidden = of_hidden @ self.projection
        of_cell = plus_product(of_cell, of_hidden, self.out)
        # Joined and multiplied once: in a scan over T = 200 a third faster than gate by gate.
        drive = joined((*self._of_memory(of_cell), of_hidden))
        drive *= self.by_gate
        return (masked(drive @ self.weight, self.hidden_mask), of_cell * self.forget)

    def jvp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_t (u_h, u_c)."""
        width = self.forget.shape[-1]
        read = masked(vector[0], self.hidden_mask)
        drive = ((read @ self.weight.T) * self.by_gate).unflatten(-1, (-1, width))
        cell = torch.addcmul(drive[..., :-1, :].sum(-2), vector[1], self.forget)
        hidden = torch.addcmul(drive[..., -1, :], cell, self.out)
        return (hidden if self.projection is None else hidden @ self.projection.T, cell)

    def input_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih), in PyTorch's gate order."""
        of_hidden = self._unprojected(vector[0])
        of_cell = torch.addcmul(vector[1], of_hidden, self.out)
        return torch.cat((*self._of_memory(of_cell), of_hidden), -1).mul_(self.by_gate)

    def recurrent_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_hh h_{t−1} + b_hh): the same, for the two are added."""
        return self.input_grad(vector)

    def hidden_of_cell(self, vector: Tensor) -> Tensor:
        """(∂h_t/∂c_t) u."""
        hidden = vector * self.out
        return hidden if self.projection is None else hidden @ self.projection.T

    def cell_of_hidden(self, vector: Tensor) -> Tensor:
        """(∂h_t/∂c_t)ᵀ v."""
        return self._unprojected(vector) * self.out

    def _of_memory(self, of_cell: Tensor) -> tuple[Tensor, ...]:
        """Once for each gate but the last."""
        gates: int = self.by_gate.shape[-1] // self.forget.shape[-1]
        return (of_cell,) * (gates - 1)

    def _unprojected(self, of_hidden: Tensor) -> Tensor:
        return of_hidden if self.projection is None else of_hidden @ self.projection


def replay(passed: LayerPass) -> Replay:
    """Gates, cell states and linearisation of all timesteps."""
    weights = passed.weights
    gates = torch.addmm(
        weights["bias_ih"] + weights["bias_hh"],
        passed.inputs.flatten(0, 1),
        weights["weight_ih"].T,
    ).addmm_(passed.before.flatten(0, 1), weights["weight_hh"].T)
    gates = gates.unflatten(0, passed.before.shape[:2])
    i, f, g, o = gates.chunk(4, -1)
    squash_gates_(gates, g)
    dropped = passed.masks.candidate
    written = masked(g, dropped)
    write = i * written
    previous, now = cell_states(f, write, passed.start[1])
    by_gate = logistic_slope(gates)
    of_input, of_forget, of_candidate, of_output = by_gate.chunk(4, -1)
    of_input.mul_(written)
    of_forget.mul_(previous)
    torch.addcmul(masked(i, dropped), write, g, value=-1, out=of_candidate)
    squashed = tanh_(now.clone())
    of_output.mul_(squashed)
    out = torch.addcmul(o, squashed.mul_(squashed), o, value=-1)
    steps = LstmLinearisation(
        forget=f,
        out=out,
        by_gate=by_gate,
        weight=weights["weight_hh"],
        projection=weights.get("weight_hr"),
    )
    return Replay(
        states=(passed.output, now),
        linearisation=steps,
        coupling=HiddenCoupling(steps, weights["weight_ih"]),
        reads=(passed.before,),
        gates={"input": i, "forget": f, "candidate": g, "output": o},
    )


def step(inputs: Tensor, state: State, weights: Weights, masks: Masks) -> State:
    """One timestep, (B, I) and (B, H) each, with masks of h_{t−1} and of the candidate."""
    h, c = state
    read = torch.addmm(weights["bias_ih"] + weights["bias_hh"], inputs, weights["weight_ih"].T)
    drive = torch.addmm(read, masked(h, masks.hidden), weights["weight_hh"].T)
    i, f, g, o = drive.chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * masked(torch.tanh(g), masks.candidate)
    return torch.sigmoid(o) * torch.tanh(c), c


def cell_states(forget: Tensor, write: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """(T, B, H) c_{t−1} and c_t of c_t = f ⊙ c_{t−1} + write, from c_0 (B, H).

    The only part of a replay that goes timestep by timestep.
    """
    rows = zip(forget.cpu().numpy(), write.cpu().numpy(), strict=True)
    first_row = first.cpu().numpy()
    states = np.empty((len(forget) + 1, *first_row.shape), first_row.dtype)
    states[0] = first_row
    for (kept, written), before, now in zip(rows, states, states[1:], strict=False):
        np.multiply(kept, before, now)
        np.add(now, written, now)
    found = torch.from_numpy(states).to(first.device)
    return found[:-1], found[1:]
