"""Recurrences that go unit by unit, c_t = k_t ⊙ c_{t−1} + w_t, forward and backward in place.

    δ_{t−1} = g_{t−1} + k̄_t ⊙ δ_t,   ∂L/∂w_t = δ_t,   ∂L/∂k_t = δ_t ⊙ c̄_{t−1}

where g_t comes back to c_t from outside, and the bar is the complex conjugate, which real numbers
do not have. Autograd would note every timestep by itself: by it an LRU's step took twice as long.

Index legend: T timesteps, B sequences, H hidden size.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def scan(kept: Tensor, written: Tensor, start: Tensor) -> Tensor:
    """(T, B, H) c_t, real or complex.

    Args:
        kept: (T, B, H) k_t; an expanded view costs no memory.
        written: (T, B, H) w_t.
        start: (B, H) c_0.
    """
    states: Tensor = _Scan.apply(kept, written, start)  # type: ignore[no-untyped-call]
    return states


def states_of(kept: Tensor, written: Tensor, start: Tensor) -> Tensor:
    """The same without a graph."""
    states = torch.empty_like(written)
    now = start
    for kept_now, written_now, state in zip(kept, written, states.unbind(), strict=True):
        now = torch.addcmul(written_now, kept_now, now, out=state)
    return states


def gradients_of(kept: Tensor, grad: Tensor) -> Tensor:
    """(T, B, H) δ_t.

    Args:
        kept: (T, B, H) k_t, or whatever ∂c_t/∂c_{t−1} is unit by unit.
        grad: (T, B, H) g_t.
    """
    total = torch.empty_like(grad, memory_format=torch.contiguous_format)
    total[-1] = grad[-1]
    rows = zip(kept.conj().unbind()[:0:-1], grad.unbind()[-2::-1], strict=False)
    places = total.unbind()
    for index, (kept_after, direct) in enumerate(rows, start=2):
        torch.addcmul(direct, kept_after, places[1 - index], out=places[-index])
    return total


def before(start: Tensor, states: Tensor) -> Tensor:
    """(T, B, H) c_{t−1}."""
    return torch.cat([start.unsqueeze(0), states[:-1]])


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, kept: Tensor, written: Tensor, start: Tensor) -> Tensor:
        states = states_of(kept, written, start)
        ctx.save_for_backward(kept, start, states)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        kept, start, states = ctx.saved_tensors
        total = gradients_of(kept, grad)
        of_kept = total * before(start, states).conj() if ctx.needs_input_grad[0] else None
        return of_kept, total, total[0] * kept[0].conj()
