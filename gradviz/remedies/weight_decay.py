"""Decoupled weight decay: every step makes every parameter a little smaller.

    w ← (1 − ηλ) w,   then the optimiser's own step

with η the learning rate of that step (Loshchilov & Hutter 2019, arXiv 1711.05101). The gradient
knows nothing of it: neither the clip nor Adam's moments see it, so that each weight decays by the
same share, where an L2 penalty is divided by Adam's √v. As in PyTorch's AdamW it is of all
parameters, biases and embeddings too, and AdamW's own λ is 0.01.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


@torch.no_grad()
def decay(parameters: Iterable[nn.Parameter], learning_rate: float, share: float) -> None:
    """Shrink parameters in place.

    Args:
        parameters: one without a gradient, which the step leaves as it is, is left alone.
        learning_rate: η.
        share: λ.
    """
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.mul_(1 - learning_rate * share)
