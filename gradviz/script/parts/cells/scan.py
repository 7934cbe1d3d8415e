"""Recurrences that go unit by unit, with their backward pass written out."""

from typing import Any

import torch
from torch import Tensor


class Scan(torch.autograd.Function):
    """c_t = k_t ⊙ c_{t−1} + w_t at all timesteps, (T, B, H), real or complex.

    Its backward pass is written out, for autograd adds in another order, which gives other last
    digits; at a high learning rate these grow.
    """

    @staticmethod
    def forward(ctx: Any, kept: Tensor, written: Tensor, start: Tensor) -> Tensor:
        states = [start]
        for k, w in zip(kept, written, strict=True):
            states.append(torch.addcmul(w, k, states[-1]))
        ctx.save_for_backward(kept, torch.stack(states[:-1]))
        return torch.stack(states[1:])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """With δ_t, ∂L/∂w_t = δ_t and ∂L/∂k_t = δ_t ⊙ c_{t−1}."""
        kept, before = ctx.saved_tensors
        deltas = backward_scan(kept, grad)
        return deltas * before.conj(), deltas, deltas[0] * kept[0].conj()


def backward_scan(kept: Tensor, grad: Tensor) -> Tensor:
    """δ_t = ∂L/∂c_t + k_{t+1} ⊙ δ_{t+1}, conjugate where k is complex."""
    deltas = [grad[-1]]
    for t in reversed(range(len(grad) - 1)):
        deltas.append(torch.addcmul(grad[t], kept[t + 1].conj(), deltas[-1]))
    return torch.stack(deltas[::-1])
