"""Signal-to-noise ratio of the gradient over the batch.

Index legend: B recorded sequences, G gates, H hidden size, P size of h_t.

With g_b the part of ∂L/∂W_hh that sequence b adds: ‖mean_b g_b‖₂ / √tr Cov_b(g_b). Its inverse
square is the gradient noise scale tr(Σ)/|G|² (McCandlish et al. 2018, arXiv 1812.06162).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from gradviz.flow.measured import measured
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.quantities.weight_grad_by_timestep import weight_grad_by_sequence

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def gradient_snr(flow: LayerFlow) -> float:
    """Of one sequence's gradient; inf where all agree, nan for a single sequence or zeros."""
    parts = weight_grad_by_sequence(flow).flatten(1)
    if len(parts) < 2:
        return math.nan
    # The ratio does not depend on the gradient's size, but its squares must fit into a float.
    parts = parts / parts.abs().amax().clamp_min(1e-300)
    signal = float(torch.linalg.vector_norm(parts.mean(0)))
    noise = float(parts.var(0).sum().sqrt())
    if not signal:
        return 0.0 if noise else math.nan
    return signal / noise if noise else math.inf


QUANTITY = Quantity(
    name="gradient_snr",
    title="signal-to-noise ratio over the batch of the gradient of W_hh",
    equation="‖mean_b g_b‖₂ / √tr Cov_b(g_b)",
    paper="McCandlish et al. 2018 (arXiv 1812.06162)",
    unit="1",
    axes=(),
    cost="light",
    measure=gradient_snr,
    needs="recurrent weights",
)
