"""L1 and L2: what large weights cost.

    L ← L + λ₁ Σ|w| + λ₂ Σw²,   so that   ∂L/∂w ← ∂L/∂w + λ₁ sign(w) + 2λ₂ w

with sign(0) = 0 (L1: Tibshirani 1996; L2: Krogh & Hertz 1992). The sum is over the weight matrices
of the model: recurrent layers, attention, readout; not over embeddings, biases and other vectors.
The gradients are added before the clip, which sees them; the loss that is shown stays the task's.
Under Adam and its like L2 is not the same as decay: see `weight_decay`.

A penalty on W_hh keeps its spectral radius small, so that the gradient cannot explode; what it
then does is vanish (Pascanu, Mikolov & Bengio 2013, arXiv 1211.5063, §3.1).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


@torch.no_grad()
def penalise(matrices: Iterable[nn.Parameter], l1: float, l2: float) -> None:
    """Add both penalties' gradients to those that are there, in place.

    Args:
        matrices: one without a gradient, which the step leaves as it is, is left alone.
        l1: λ₁.
        l2: λ₂.
    """
    for weight in matrices:
        if weight.grad is not None and l1:
            weight.grad.add_(weight.sign(), alpha=l1)
        if weight.grad is not None and l2:
            weight.grad.add_(weight, alpha=2 * l2)
