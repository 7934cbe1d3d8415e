"""Constraints on weights: the nearest weights that are allowed."""

import torch
from torch import Tensor, nn


def weights_of(layers: nn.Module, kind: str) -> list[Tensor]:
    """Those of every layer whose names begin so: “weight_ih”, “weight_hh”, “bias”."""
    named = layers.named_parameters()
    return [each.detach() for name, each in named if name.split(".")[-1].startswith(kind)]


def hold_max_norm(weights: list[Tensor], hidden_size: int, limit: float) -> None:
    """Each unit's weights, or gate's biases: w ← w · min(1, c/‖w‖) (Srivastava et al. 2014)."""
    for weight in weights:
        rows = weight if weight.ndim > 1 else weight.view(-1, hidden_size)
        norms = torch.linalg.vector_norm(rows, dim=1, keepdim=True, dtype=torch.float64)
        rows.copy_(rows * torch.where(norms > limit, limit / norms, 1.0))


def hold_unit_norm(weights: list[Tensor], hidden_size: int) -> None:
    """Each unit's weights, or gate's biases: w ← w / ‖w‖."""
    for weight in weights:
        rows = weight if weight.ndim > 1 else weight.view(-1, hidden_size)
        norms = torch.linalg.vector_norm(rows, dim=1, keepdim=True, dtype=torch.float64)
        rows.copy_(rows * torch.where(norms > 0, 1 / norms, 1.0))


def hold_non_negative(weights: list[Tensor]) -> None:
    """Each weight: w ← max(w, 0) (Chorowski & Zurada 2015)."""
    for weight in weights:
        weight.clamp_(min=0)


def hold_spectral(weights: list[Tensor], hidden_size: int, limit: float) -> None:
    """Each gate's W = U Σ Vᵀ becomes U min(Σ, c) Vᵀ (Sedghi, Gupta & Long 2019)."""
    for weight in weights:
        for block in weight.split(hidden_size):
            left, sizes, right = torch.linalg.svd(block.double(), full_matrices=False)
            if sizes[0] > limit:
                block.copy_((left * sizes.clamp(max=limit)) @ right)
