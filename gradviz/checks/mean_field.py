"""The tanh network's critical line: χ₁ = 1, where gradients neither grow nor shrink.

Poole et al. 2016; Chen, Pennington & Schoenholz 2018 (arXiv 1806.05394):

    q = σ_w² E[tanh²(√q z)] + σ_b²,  χ₁ = σ_w² E[tanh′²(√q z)],  z ~ N(0, 1)
"""

from __future__ import annotations

from functools import partial

import numpy as np

from gradviz.checks.check import Check
from gradviz.checks.expectation import Near
from gradviz.checks.networks import last_summed, random_tanh, settled, silence

CRITICAL = {0.001: 1.1892, 0.05: 1.7610, 0.1: 1.9861, 0.3: 2.5051}
"""σ_w² on the line, by σ_b²."""

UNITS, SETTLING, DRAWS = 512, 300, 6

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(101)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def _chi(weight_variance: float, bias_variance: float) -> float:
    """χ₁ at the fixed point of q."""
    q, before = 1.0, 0.0
    while abs(q - before) > 1e-13:
        before = q
        q = weight_variance * float(_WEIGHTS @ np.tanh(q**0.5 * _NODES) ** 2) + bias_variance
    slopes = 1 - np.tanh(q**0.5 * _NODES) ** 2
    return weight_variance * float(_WEIGHTS @ slopes**2)


def critical_weight_variance(bias_variance: float) -> float:
    """The σ_w² at which χ₁ = 1, by bisection."""
    low, high = 1.0, 4.0
    while high - low > 1e-8:
        middle = (low + high) / 2
        low, high = (middle, high) if _chi(middle, bias_variance) < 1 else (low, middle)
    return low


def _measured_chi(weight_variance: float, bias_variance: float) -> float:
    """Mean ‖J_t‖_F²/H of random networks on the line."""
    found = []
    for seed in range(DRAWS):
        module = random_tanh(UNITS, weight_variance, bias_variance, seed)
        flow = last_summed(module, silence(module, 2), settled(module, SETTLING))
        found.append(float((flow.jacobian_norm("frobenius") ** 2).mean()) / UNITS)
    return sum(found) / DRAWS


CHECKS = (
    *(
        Check(
            name=f"critical_line_{bias_variance}",
            title=f"σ_w² at which χ₁ = 1 in mean-field theory, σ_b² = {bias_variance}.",
            source="Chen, Pennington & Schoenholz 2018",
            expects=Near(expected, absolute=5e-5),
            measure=partial(critical_weight_variance, bias_variance),
        )
        for bias_variance, expected in CRITICAL.items()
    ),
    *(
        Check(
            name=f"critical_jacobian_{bias_variance}",
            title=f"Mean ‖J_t‖_F²/H of {DRAWS} random networks there, H = {UNITS}.",
            source="χ₁ = 1; Chen, Pennington & Schoenholz 2018",
            expects=Near(1.0, absolute=0.05),
            measure=partial(_measured_chi, weight_variance, bias_variance),
        )
        for bias_variance, weight_variance in CRITICAL.items()
    ),
)
