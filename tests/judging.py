"""Reading words and arrays apart, for the tests that hold the one against the other."""

from __future__ import annotations

import math

import numpy as np

NUMBER = r"(-?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?)"


def reach(transport: np.ndarray | None) -> tuple[float, float]:
    """The middle probe's lag at which 1/e is reached, inf if never; then what arrives at t = 1."""
    assert transport is not None
    lags = sorted(lag_of(probe) for probe in transport.T)
    return lags[len(lags) // 2], float(np.median(transport[0]))


def lag_of(probe: np.ndarray) -> float:
    """Walking back from the last timestep, the first lag at which 1/e is reached."""
    for lag in range(len(probe)):
        if 10.0 ** probe[len(probe) - 1 - lag] <= 1 / math.e:
            return lag
    return math.inf


def near(told: str, measured: float) -> bool:
    """Whether a number as it was told is the measured one, rounded to three digits (1.3e4: two)."""
    value = float(told.replace(",", ""))
    if measured == 0 or value == 0 or not math.isfinite(measured):
        return value == measured
    digits = 1 if "e" in told else 2
    last_digit = 10.0 ** (math.floor(math.log10(abs(measured))) - digits)
    return abs(value - measured) <= 0.5001 * last_digit


def is_power(told: str, log10: float) -> bool:
    """Whether a number, perhaps beyond floating point, is 10 to this power."""
    mantissa, _, exponent = told.partition("e")
    power = math.log10(float(mantissa)) + float(exponent or 0)
    if exponent and mantissa == "1":
        return abs(power - log10) <= 0.501  # 1e14 is the power of ten alone.
    return abs(power - log10) <= (0.022 if exponent else 0.0023)
