"""Ω of a step; it needs the gradients of every sequence at every timestep."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from gradviz.flow import LayerFlow
from gradviz.model import Model, recurrent_weights
from gradviz.remedies import omega


@torch.no_grad()
def add_omega(model: Model, flows: Mapping[str, LayerFlow], factor: float) -> None:
    """Add Ω's gradient, times a factor, to that of each W_hh.

    Args:
        model: whose backward pass has run.
        flows: of all its recurrent layers and all sequences.
        factor: λ.
    """
    weights = recurrent_weights(model.watched)
    for name, flow in flows.items():
        weight, total = weights[name], flow.total
        if weight.grad is None:  # A layer that pre-training has frozen.
            continue
        drive = total.steps.recurrent_grad(total.parts)
        assert total.steps.weight is not None, "the config asks for it of such cells only"
        masks = flow.passed.masks
        kept = masks.kept[0] if masks.kept else None
        found = omega(total.parts[0], drive, total.steps.weight, kept=kept, read=masks.hidden)
        grad = found.gradient.to(weight)
        weight.grad.add_(grad if masks.weight is None else grad * masks.weight, alpha=factor)
