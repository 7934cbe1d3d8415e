"""Adaptive gradient clipping."""

import torch
from torch import Tensor, nn


@torch.no_grad()
def clip_adaptively(weights: list[nn.Parameter], ratio: float) -> None:
    """G_i ← G_i · λ max(‖W_i‖, 0.001) / ‖G_i‖ where that is less; i is a row, or a whole bias.

    Brock, De, Smith & Simonyan 2021 (arXiv 2102.06171), equation 3.
    """
    for weight in weights:
        if weight.grad is None:  # Nothing reads it, or it is frozen.
            continue
        norms = row_norms(weight.grad)
        limits = ratio * row_norms(weight).clamp(min=1e-3)
        factors = torch.where(norms > limits, limits / norms, 1.0).to(weight.dtype)
        weight.grad.mul_(factors if weight.ndim > 1 else factors.squeeze())


def row_norms(tensor: Tensor) -> Tensor:
    """(rows, 1) in float64."""
    rows = tensor if tensor.ndim > 1 else tensor[None]
    norms: Tensor = torch.linalg.vector_norm(rows, dim=1, keepdim=True, dtype=torch.float64)
    return norms
