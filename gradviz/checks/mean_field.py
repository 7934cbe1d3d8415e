"""The tanh network's critical line: χ₁ = 1, where gradients neither grow nor shrink.

Theory, in `gradviz.theory.mean_field`, against its known numbers and against random networks.
"""

from __future__ import annotations

from functools import partial

from gradviz.checks.check import Check
from gradviz.checks.expectation import Near
from gradviz.checks.networks import last_summed, random_tanh, settled, silence
from gradviz.theory.mean_field import critical_weight_variance

CRITICAL = {0.001: 1.1892, 0.05: 1.7610, 0.1: 1.9861, 0.3: 2.5051}
"""σ_w² on the line, by σ_b²."""

UNITS, SETTLING, DRAWS = 512, 300, 6


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
