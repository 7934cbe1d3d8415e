"""The Jacobian of a cell with zoneout: J_t = diag(m_t) + diag(1 − m_t) J̃_t.

s_t = m_t ⊙ s_{t−1} + (1 − m_t) ⊙ s̃_t with J̃_t = ∂s̃_t/∂s_{t−1} of the cell without (Krueger et al.
2016, arXiv 1606.01305). Of an LSTM h̃_t is of c̃_t, before zoneout, so that h_t is no function of
c_t: what a memory adds to the output of its own timestep goes by c̃_t, and ∂h_t/∂c_t is 0.

Index legend: T timesteps, B sequences, H hidden size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradviz.cells.linearisation import Linearisation, MemoryLinearisation, State


@dataclass
class ZoneoutLinearisation:
    """Of a cell with the state (h,)."""

    steps: Linearisation
    """Of the cell's own step."""
    kept: Tensor
    """(T, B, H) m_t."""

    @property
    def weight(self) -> Tensor | None:
        """(G·H, H) W_hh."""
        return self.steps.weight

    @property
    def cost(self) -> int:
        """Multiply-adds of one product."""
        return self.steps.cost

    def vjp(self, vector: State) -> State:
        """J_tᵀ v."""
        (through,) = self.steps.vjp(self._moved(vector))
        return (through + vector[0] * self.kept,)

    def jvp(self, vector: State) -> State:
        """J_t u."""
        (through,) = self.steps.jvp(vector)
        return (through * (1 - self.kept) + vector[0] * self.kept,)

    def input_grad(self, vector: State) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih)."""
        return self.steps.input_grad(self._moved(vector))

    def recurrent_grad(self, vector: State) -> Tensor:
        """∂L/∂(W_hh h_{t−1} + b_hh)."""
        return self.steps.recurrent_grad(self._moved(vector))

    def _moved(self, vector: State) -> State:
        """∂L/∂s̃_t."""
        return (vector[0] * (1 - self.kept),)


@dataclass
class ZoneoutMemoryLinearisation(MemoryLinearisation):
    """Of a cell with the state (h, c)."""

    steps: MemoryLinearisation
    """Of the cell's own step."""
    kept: Tensor
    """(T, B, H) m_t of h."""
    kept_cell: Tensor
    """(T, B, H) m_t of c."""
    forget: Tensor
    """(T, B, H) ∂c_t/∂c_{t−1} at fixed h_{t−1}: m + (1 − m) f."""
    weight: Tensor
    """(G·H, H) W_hh."""

    @property
    def cost(self) -> int:
        """Multiply-adds of one product."""
        return self.steps.cost

    def vjp(self, vector: State) -> State:
        """J_tᵀ (v_h, v_c)."""
        hidden, cell = self.steps.vjp(self._moved(vector))
        return (hidden + vector[0] * self.kept, cell + vector[1] * self.kept_cell)

    def jvp(self, vector: State) -> State:
        """J_t (u_h, u_c)."""
        hidden, cell = self.steps.jvp(vector)
        return (
            hidden * (1 - self.kept) + vector[0] * self.kept,
            cell * (1 - self.kept_cell) + vector[1] * self.kept_cell,
        )

    def input_grad(self, vector: State) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih)."""
        return self.steps.input_grad(self._moved(vector))

    def recurrent_grad(self, vector: State) -> Tensor:
        """∂L/∂(W_hh h_{t−1} + b_hh)."""
        return self.steps.recurrent_grad(self._moved(vector))

    def hidden_of_cell(self, vector: Tensor) -> Tensor:
        """(∂h_t/∂c_t) u = 0."""
        return torch.zeros_like(vector)

    def cell_of_hidden(self, vector: Tensor) -> Tensor:
        """(∂h_t/∂c_t)ᵀ v = 0."""
        return torch.zeros_like(vector)

    def _moved(self, vector: State) -> State:
        """∂L/∂s̃_t."""
        return (vector[0] * (1 - self.kept), vector[1] * (1 - self.kept_cell))


Zoneout = ZoneoutLinearisation | ZoneoutMemoryLinearisation


def with_zoneout(steps: Linearisation, kept: State) -> Zoneout:
    """A cell's own Jacobians with m_t (T, B, H) of each part of its state."""
    if isinstance(steps, MemoryLinearisation):
        hidden, cell = kept
        forget = torch.lerp(steps.forget, torch.ones_like(steps.forget), cell)
        return ZoneoutMemoryLinearisation(steps, hidden, cell, forget, steps.weight)
    return ZoneoutLinearisation(steps, kept[0])
