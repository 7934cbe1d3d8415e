"""Pascanu's Ω: every timestep is to pass the gradient on at the size at which it came.

Pascanu, Mikolov & Bengio 2013 (arXiv 1211.5063), §3.3, equations 9 and 10:

    Ω = Σ_t (‖δ_{t+1}ᵀ J_{t+1}‖ / ‖δ_{t+1}‖ − 1)²,   t = 1 … T − 1

with δ_t = ∂L/∂h_t and J_t = ∂h_t/∂h_{t−1}. Only the direction in which the error goes counts: J_t
need not be orthogonal. Its gradient is the *immediate* one, by W_hh alone where it stands in J_t,
with δ and the pre-activations held. For J_t = diag(φ′_t) W, with u = φ′_t ⊙ δ_t, v = Wᵀu and
r = ‖v‖/‖δ_t‖:

    ∂⁺Ω_t/∂W = 2 (r − 1) / (‖δ_t‖ ‖v‖) · u vᵀ

With noise within the recurrence (`cells.noise`) J_t = diag(m) + diag(1 − m) diag(φ′_t) W diag(d):
v = m ⊙ δ_t + d ⊙ Wᵀu with u = φ′_t ⊙ (1 − m) ⊙ δ_t, and u (d ⊙ v)ᵀ for u vᵀ.

The paper's state is the pre-activation, whose Jacobian is the same product shifted by half a
timestep: W diag(φ′). Ω is a mean over the batch and a sum over timesteps and layers. A timestep
whose δ is 0 is left out, for there is nothing to pass on; one whose v is 0 counts in Ω, and in its
gradient, which has no direction, as 0.

Index legend: T timesteps, B sequences, H hidden size.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Omega(NamedTuple):
    """Of one layer."""

    value: float
    gradient: Tensor
    """(H, H) ∂⁺Ω/∂W_hh, float64."""


def omega(
    delta: Tensor,
    drive: Tensor,
    weight: Tensor,
    *,
    kept: Tensor | None = None,
    read: Tensor | None = None,
) -> Omega:
    """Ω of one layer.

    A row of `delta` and the same one of `drive` may have any common factor, so that gradients too
    small for a float can be given.

    Args:
        delta: (T, B, H) δ_t, in the order in which the layer read.
        drive: (T, B, H) u, ∂L/∂ of the pre-activation.
        weight: (H, H) W_hh.
        kept: (T, B, H) m of zoneout.
        read: (T, B, H) d, factors of h_{t−1} of variational dropout.
    """
    # J_1 leads to the state before the first timestep, which nothing decides.
    delta, drive, weight = delta[1:].double(), drive[1:].double(), weight.double()
    peak = delta.abs().amax(-1, keepdim=True)
    counts = (peak > 0) & peak.isfinite()
    size = torch.where(counts, peak, 1.0)
    size = size * torch.linalg.vector_norm(delta / size, dim=-1, keepdim=True)
    drive = torch.where(counts, drive / size, 0.0)
    factors = 1.0 if read is None else read[1:].double()
    passed = factors * (drive @ weight)
    if kept is not None:
        passed = passed + torch.where(counts, kept[1:].double() * delta / size, 0.0)
    ratio = torch.linalg.vector_norm(passed, dim=-1, keepdim=True)
    excess = torch.where(counts, ratio - 1, 0.0)
    towards = torch.where(ratio > 0, 2 * excess / ratio, 0.0) * passed
    batch = delta.shape[1]
    return Omega(
        value=float(excess.square().sum()) / batch,
        gradient=torch.einsum("tbi,tbj->ij", drive, factors * towards) / batch,
    )
