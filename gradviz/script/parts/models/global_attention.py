"""Attention of a decoder to all states of its encoder."""

import torch
from torch import Tensor, nn


class DotAttention(nn.Module):
    """h̃_t = tanh(W_c [c_t; h_t] + b),  c_t = Σ_s a_ts e_s,  a_t = softmax over s of h_tᵀ e_s.

    Luong, Pham & Manning 2015, their score "dot".
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.combine = nn.Linear(2 * width, width)

    def forward(self, hidden: Tensor, encoded: Tensor) -> Tensor:
        """(T, B, H) of the decoder's h, (T, B, H), and the encoder's e, (S, B, H)."""
        shares = torch.einsum("tbh,sbh->tbs", hidden, encoded).softmax(-1)
        context = torch.einsum("tbs,sbh->tbh", shares, encoded)
        return torch.tanh(self.combine(torch.cat([context, hidden], -1)))


class GeneralAttention(nn.Module):
    """h̃_t = tanh(W_c [c_t; h_t] + b),  c_t = Σ_s a_ts e_s,  a_t = softmax over s of h_tᵀ W e_s.

    Luong, Pham & Manning 2015, their score "general".
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, width, bias=False)
        self.combine = nn.Linear(2 * width, width)

    def forward(self, hidden: Tensor, encoded: Tensor) -> Tensor:
        """(T, B, H) of the decoder's h, (T, B, H), and the encoder's e, (S, B, H)."""
        shares = torch.einsum("tbh,sbh->tbs", hidden, self.score(encoded)).softmax(-1)
        context = torch.einsum("tbs,sbh->tbh", shares, encoded)
        return torch.tanh(self.combine(torch.cat([context, hidden], -1)))
