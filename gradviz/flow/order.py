"""Where a layer's timesteps lie in the sequence.

Index legend: T timesteps, B recorded sequences.

A layer is measured in the order in which it reads: row 0 is the first timestep that it
sees. What a LayerFlow gives is in the order of the sequence: row 0 is t = 1 in both
directions. Sequences of a packed batch have lengths of their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Order:
    """Of one direction."""

    timesteps: int
    is_reverse: bool = False
    lengths: Tensor | None = None
    """(B,) of a packed batch."""

    @property
    def is_on(self) -> Tensor | None:
        """(T, B): whether the sequence has such a timestep; None where all have."""
        if self.lengths is None:
            return None
        positions = torch.arange(self.timesteps, device=self.lengths.device)
        return positions.unsqueeze(1) < self.lengths

    def rows(self, positions: Tensor, batch: int) -> Tensor:
        """(…, B): the row read at each position, (…, 1); behind its end a sequence stays."""
        if not self.is_reverse:
            return positions.expand(*positions.shape[:-1], batch)
        if self.lengths is None:
            return (self.timesteps - 1 - positions).expand(*positions.shape[:-1], batch)
        lengths = self.lengths[:batch]
        return torch.where(positions < lengths, lengths - 1 - positions, positions)

    def turned(self, values: Tensor) -> Tensor:
        """(T, B, …) from the order read to the order of the sequence, or back."""
        if not self.is_reverse:
            return values
        if self.lengths is None:
            return values.flip(0)
        positions = torch.arange(self.timesteps, device=values.device).unsqueeze(1)
        batch = values.shape[1]
        turned: Tensor = values[
            self.rows(positions, batch), torch.arange(batch, device=values.device)
        ]
        return turned

    def placed(self, values: Tensor, blank: float = math.nan) -> Tensor:
        """In the order of the sequence, with `blank` where a sequence has no timestep."""
        values = self.turned(values)
        if self.is_on is None:
            return values
        is_on = self.is_on[:, : values.shape[1]]
        return torch.where(is_on[(..., *(values.dim() - 2) * [None])], values, blank)

    def alone(self, b: int) -> Order:
        """Of one sequence."""
        lengths = None if self.lengths is None else self.lengths[b : b + 1]
        return replace(self, lengths=lengths)

    def steps_read(self, batch: int) -> Tensor:
        """(B,) or (1,): timesteps of each sequence."""
        return torch.tensor([self.timesteps]) if self.lengths is None else self.lengths[:batch]
