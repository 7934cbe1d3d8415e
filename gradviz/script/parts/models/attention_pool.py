"""A readout by attention."""

import torch
from torch import Tensor, nn


class AttentionPool(nn.Module):
    """Σ_t α_t h_t with α = softmax over t of vᵀ tanh(W h_t + b).

    Raffel & Ellis 2015 (arXiv 1512.08756), equation 1.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, width)
        self.vector = nn.Linear(width, 1, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """(T, B, P) to (B, P)."""
        shares = self.vector(torch.tanh(self.score(hidden))).softmax(0)
        pooled: Tensor = (shares * hidden).sum(0)
        return pooled
