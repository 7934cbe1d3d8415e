"""Mean-field theory of tanh networks: how fast gradients grow, and where they do not.

    q = σ_w² E[tanh²(√q z)] + σ_u²,  χ₁ = σ_w² E[tanh′²(√q z)],  z ~ N(0, 1)

q is the variance that a unit's pre-activation settles at, σ_w² is H times the variance of W_hh's
entries and σ_u² the mean square of what is added from outside, W_ih x_t + b. It holds for a wide
network (H → ∞) whose weights are drawn independently and whose inputs are random and do not
depend on its state; a trained network is not one. Poole et al. 2016 (arXiv 1606.05340);
Chen, Pennington & Schoenholz 2018 (arXiv 1806.05394).
"""

from __future__ import annotations

import math

import numpy as np

_Z = np.linspace(-8, 8, 2001)
"""Even nodes: for tanh the trapezium rule is exact to 1e-14 as long as q < 1000."""

_DENSITY = np.exp(-(_Z**2) / 2)
_DENSITY /= _DENSITY.sum()


def fixed_point(weight_variance: float, drive_variance: float) -> float:
    """q, the greatest fixed point: the variance that pre-activations settle at. By bisection.

    nan for a variance that is not finite.
    """
    high = weight_variance + drive_variance
    if not math.isfinite(high):
        return math.nan
    low = 0.0
    while high - low > 1e-14 * high and high > 1e-30:
        middle = (low + high) / 2
        squares = float(_DENSITY @ np.tanh(math.sqrt(middle) * _Z) ** 2)
        rises = weight_variance * squares + drive_variance > middle
        low, high = (middle, high) if rises else (low, middle)
    return high


def chi(weight_variance: float, drive_variance: float) -> float:
    """χ₁: the factor a timestep by which a gradient's mean square changes."""
    q = fixed_point(weight_variance, drive_variance)
    if math.isnan(q):
        return math.nan
    slopes = 1 - np.tanh(math.sqrt(q) * _Z) ** 2
    return weight_variance * float(_DENSITY @ slopes**2)


def jacobian_growth(weight_variance: float, drive_variance: float) -> float:
    """√χ₁: the factor a timestep by which ‖P‖_F/√N of a tanh network changes."""
    return math.sqrt(chi(weight_variance, drive_variance))


def critical_weight_variance(drive_variance: float) -> float:
    """The σ_w² at which χ₁ = 1, where gradients neither grow nor shrink. By bisection."""
    low, high = 1.0, 2.0
    while chi(high, drive_variance) < 1:
        low, high = high, 2 * high
    while high - low > 1e-8:
        middle = (low + high) / 2
        low, high = (middle, high) if chi(middle, drive_variance) < 1 else (low, middle)
    return low
