"""Adaptive gradient clipping (AGC): a gradient is large beside the weights that it changes.

Brock, De, Smith & Simonyan 2021 (arXiv 2102.06171), equation 3, for each unit i of a layer:

    G_i ← G_i · λ max(‖W_i‖, ε) / ‖G_i‖     where ‖G_i‖ / max(‖W_i‖, ε) > λ

with ε = 1e-3, so that weights that begin at zero can leave it. A unit is a row of a weight
matrix, all that goes into one output (of an LSTM: of one gate of one unit); a bias vector is
one unit as a whole, as in the authors' code. Norms are taken in float64, so that float32
entries of 1e20 do no harm.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

EPSILON = 1e-3
"""Least norm that a unit's weights count for."""


@torch.no_grad()
def clip_adaptively(
    parameters: Sequence[torch.nn.Parameter],
    ratio: float,
    *,
    exempt: Sequence[torch.nn.Parameter] = (),
) -> tuple[torch.Tensor, torch.Tensor]:
    """Clip the gradients of `parameters` in place, unit by unit.

    Args:
        parameters: those with a gradient.
        ratio: λ, the largest ‖G_i‖ / ‖W_i‖ that passes unclipped.
        exempt: of the parameters, those left alone.

    Returns:
        ‖G_i‖ of every unit before and after, exempt ones included: (units,) float64 each.
    """
    left_alone = {id(each) for each in exempt}
    before, after = [], []
    for parameter in parameters:
        assert parameter.grad is not None
        norms = factors = _unit_norms(parameter.grad)
        if id(parameter) in left_alone:
            factors = torch.ones_like(norms)
        else:
            limits = ratio * _unit_norms(parameter).clamp(min=EPSILON)
            factors = torch.where(norms > limits, limits / norms, 1.0)
            if bool((factors < 1).any()):
                # One factor a row; a vector is a single row.
                shape = (-1, *(1 for _ in parameter.shape[1:]))
                parameter.grad.mul_(factors.to(parameter.dtype).view(shape))
        before.append(norms)
        after.append(norms * factors)
    return torch.cat(before), torch.cat(after)


def _unit_norms(tensor: torch.Tensor) -> torch.Tensor:
    """(units,) float64: ‖·‖₂ of each row of a matrix; of a vector as a whole."""
    rows = tensor.reshape(len(tensor) if tensor.ndim > 1 else 1, -1)
    norms: torch.Tensor = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64)
    if bool(torch.isfinite(norms).all()):
        return norms
    # float64 entries above 1e154 have infinite squares too.
    peak = torch.linalg.vector_norm(rows, torch.inf, dim=1, keepdim=True, dtype=torch.float64)
    peak = torch.where(peak.isfinite() & (peak > 0), peak, 1.0)
    norms = peak.squeeze(1) * torch.linalg.vector_norm(rows / peak, dim=1)
    return norms
