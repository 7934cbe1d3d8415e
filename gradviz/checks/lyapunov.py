"""Lyapunov exponents, in natural logarithms a timestep.

Index legend: T timesteps, B sequences, N state size.
"""

from __future__ import annotations

import math
from functools import partial

import torch

from gradviz.checks.check import Check
from gradviz.checks.expectation import AtMost, Near
from gradviz.checks.networks import CELLS, build, last_summed, random_tanh, settled, silence
from gradviz.flow import LayerFlow

UNITS, SETTLING, TIMESTEPS, SEQUENCES = 400, 200, 600, 4

CHAOTIC = {1.5: 0.065, 2: 0.155, 3: 0.310, 5: 0.545}
"""λ₁ by gain, measured for this project."""


def _sum_of_all(cell: str) -> float:
    """Deviation of Σ λ from the mean of log|det J|."""
    module = build(cell, 3, 6)
    flow = last_summed(module, torch.randn(40, 2, 3, dtype=torch.float64))
    dense = torch.stack([flow.jacobian(t) for t in range(1, 41)])
    expected = torch.linalg.slogdet(dense).logabsdet.mean(0)
    return float((flow.lyapunov_exponents().sum(-1) / expected - 1).abs().max())


def _random_flow(gain: float) -> LayerFlow:
    """h_t = tanh(W h_{t−1}), W ~ N(0, g²/N): x_t = g J tanh(x_{t−1}) in h = tanh(x)."""
    module = random_tanh(UNITS, gain**2)
    start = settled(module, SETTLING, SEQUENCES)
    return last_summed(module, silence(module, TIMESTEPS, SEQUENCES), start)


def _largest(gain: float) -> float:
    """λ₁, the mean over sequences."""
    return float(_random_flow(gain).lyapunov_exponents(count=1)[:, 0].mean())


def _beside_radius(gain: float) -> float:
    """λ₁ less the logarithm of the spectral radius of W."""
    flow = _random_flow(gain)
    first = float(flow.lyapunov_exponents(count=1)[:, 0].mean())
    return first - math.log(flow.spectral_radius or 0.0)


CHECKS = (
    *(
        Check(
            name=f"lyapunov_sum_{cell}",
            title=f"Sum of all Lyapunov exponents of {cell}: relative deviation from the mean of "
            "log|det J_t|.",
            source="Σ λ = ⟨log|det J|⟩; Engelken, Wolf & Abbott 2023",
            expects=AtMost(1e-9),
            measure=partial(_sum_of_all, cell),
        )
        # The relu network's Jacobians are singular wherever a unit is off.
        for cell in CELLS
        if cell != "relu"
    ),
    *(
        Check(
            name=f"chaos_{gain}",
            title=f"Largest Lyapunov exponent of a random network of {UNITS} units, gain {gain}.",
            source="Sompolinsky, Crisanti & Sommers 1988; measured",
            expects=Near(expected, absolute=0.03),
            measure=partial(_largest, gain),
        )
        for gain, expected in CHAOTIC.items()
    ),
    Check(
        name="quiet_0.5",
        # The largest of 400 eigenvalues lies a little outside the limit's disc: in five draws
        # λ₁ was 0.01 to 0.05 above the limit.
        title=f"Largest Lyapunov exponent of a random network of {UNITS} units, gain 0.5.",
        source="ln g as N → ∞",
        expects=Near(math.log(0.5), absolute=0.06),
        measure=partial(_largest, 0.5),
    ),
    Check(
        name="quiet_radius",
        title="The same less the logarithm of its weights' spectral radius: at rest J = W.",
        source="λ₁ = ln ρ(W)",
        expects=Near(0.0, absolute=0.03),
        measure=partial(_beside_radius, 0.5),
    ),
)
