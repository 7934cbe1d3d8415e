"""From the hidden states of all timesteps to one vector, where a task is answered once.

Index legend: T timesteps, B sequences, P size of h_t.

The choice decides how the loss reaches early timesteps: through the recurrence alone (last), or
directly as well (mean, sum, attention), with 1/T, 1 or α_t of the gradient at each.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gradviz.config import RunConfig


class Last(nn.Module):
    """h_T; of a reverse direction the state that it ends with, which lies at t = 1."""

    def __init__(self, directions: int = 1) -> None:
        super().__init__()
        self.directions = directions

    def forward(self, hidden: Tensor) -> Tensor:
        """(T, B, P) to (B, P)."""
        if self.directions == 1:
            return hidden[-1]
        onward, back = hidden.chunk(2, -1)
        return torch.cat([onward[-1], back[0]], -1)


class Mean(nn.Module):
    """1/T Σ_t h_t."""

    def forward(self, hidden: Tensor) -> Tensor:
        """(T, B, P) to (B, P)."""
        return hidden.mean(0)


class Sum(nn.Module):
    """Σ_t h_t."""

    def forward(self, hidden: Tensor) -> Tensor:
        """(T, B, P) to (B, P)."""
        return hidden.sum(0)


class Attention(nn.Module):
    """Σ_t α_t h_t with α = softmax over t of vᵀ tanh(W h_t + b).

    Raffel & Ellis 2015, "Feed-Forward Networks with Attention Can Solve Some Long-Term Memory
    Problems" (arXiv 1512.08756), eq. 1, with the one hidden layer of its experiments.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, width, dtype=torch.float64)
        self.vector = nn.Linear(width, 1, bias=False, dtype=torch.float64)

    def shares(self, hidden: Tensor) -> Tensor:
        """(T, B, 1) α_t, which sum to 1 over t."""
        score: Tensor = self.vector(torch.tanh(self.score(hidden)))
        return score.softmax(0)

    def forward(self, hidden: Tensor) -> Tensor:
        """(T, B, P) to (B, P)."""
        return (self.shares(hidden) * hidden).sum(0)


def pooling(config: RunConfig, width: int) -> nn.Module:
    """The config's."""
    if config.readout == "attention":
        return Attention(width)
    if config.readout == "last":
        return Last(2 if config.bidirectional else 1)
    return {"mean": Mean, "sum": Sum}[config.readout]()
