"""The Jacobian of a cell whose state goes unit by unit: of each unit's drives and its old state.

    h_t = F(a_1, …, a_G, h_{t−1}) unit by unit,   a_g = W_g h_{t−1} + …
    J_t = diag(∂F/∂h_{t−1}) + Σ_g diag(∂F/∂a_g) W_g

Many cells with gates are of this kind, as those without recurrent weights, whose J_t is diagonal.

Index legend: T timesteps, B sequences, H hidden size, G gates of a cell.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from gradviz.cells.arrays import joined


@dataclass
class ElementwiseLinearisation:
    """J_t = diag(kept) + Σ_g diag(by_gate_g) W_g."""

    kept: Tensor
    """(T, B, H) ∂h_t/∂h_{t−1} at fixed drives."""
    by_input: Tensor
    """(T, B, K·H) by what the inputs drive, gate by gate: ∂h_t/∂a of W_ih x_t + b_ih."""
    by_gate: Tensor | None = None
    """(T, B, G·H) the same of W_hh h_{t−1} + b_hh; None without recurrent weights."""
    weight: Tensor | None = None
    """(G·H, H) W_hh; None where J_t is diagonal."""

    @property
    def cost(self) -> int:
        """Multiply-adds of one product."""
        return self.kept.shape[-1] if self.weight is None else self.weight.numel()

    def vjp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_tᵀ v."""
        kept = vector[0] * self.kept
        if self.by_gate is None or self.weight is None:
            return (kept,)
        return (_repeated(vector[0], self.by_gate) @ self.weight + kept,)

    def jvp(self, vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """J_t u."""
        kept = vector[0] * self.kept
        if self.by_gate is None or self.weight is None:
            return (kept,)
        drive = (vector[0] @ self.weight.T) * self.by_gate
        return (drive.unflatten(-1, (-1, kept.shape[-1])).sum(-2) + kept,)

    def input_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih)."""
        return _repeated(vector[0], self.by_input)

    def recurrent_grad(self, vector: tuple[Tensor, ...]) -> Tensor:
        """∂L/∂(W_hh h_{t−1} + b_hh)."""
        assert self.by_gate is not None, "asked of a cell with recurrent weights only"
        return _repeated(vector[0], self.by_gate)


def _repeated(vector: Tensor, multipliers: Tensor) -> Tensor:
    """(…, G·H): the vector (…, H) once for each gate, times its multipliers."""
    gates = multipliers.shape[-1] // vector.shape[-1]
    if gates == 1:
        return vector * multipliers
    several = joined((vector,) * gates)
    several *= multipliers
    return several
