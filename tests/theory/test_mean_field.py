"""Mean-field theory against random numbers, random networks and known limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradviz.theory import mean_field


@pytest.mark.parametrize(("weight", "drive"), [(0.4, 0.5), (1.5, 0.1), (9.0, 1.0)])
def test_the_averages_are_those_of_random_numbers(weight: float, drive: float) -> None:
    q = mean_field.fixed_point(weight, drive)
    z = np.random.default_rng(0).normal(size=1_000_000) * math.sqrt(q)
    assert weight * np.mean(np.tanh(z) ** 2) + drive == pytest.approx(q, rel=5e-3)
    slopes = np.cosh(z) ** -2.0
    assert weight * np.mean(slopes**2) == pytest.approx(mean_field.chi(weight, drive), rel=1e-2)


@pytest.mark.parametrize(
    ("gain", "drive"), [(0.577, 0.4), (1.3, 0.05), (2.5, 0.5)], ids=["shrinks", "near 1", "grows"]
)
def test_a_wide_random_network_does_what_theory_says(gain: float, drive: float) -> None:
    H, lag = 500, 12
    draw = np.random.default_rng(1)
    weight = draw.normal(size=(H, H)) * gain / math.sqrt(H)
    state, product = np.zeros(H), np.eye(H)
    for timestep in range(40 + lag):
        state = np.tanh(weight @ state + draw.normal(size=H) * math.sqrt(drive))
        if timestep >= 40:
            product = (1 - state**2)[:, None] * (weight @ product)
    measured = float(np.linalg.norm(product) / math.sqrt(H)) ** (1 / lag)
    assert measured == pytest.approx(mean_field.jacobian_growth(gain**2, drive), rel=0.03)


@pytest.mark.parametrize(
    ("drive", "weight"), [(0.001, 1.1892), (0.05, 1.7610), (0.1, 1.9861), (0.3, 2.5051)]
)
def test_the_critical_line(drive: float, weight: float) -> None:
    assert mean_field.critical_weight_variance(drive) == pytest.approx(weight, abs=5e-5)


def test_the_critical_line_far_out() -> None:
    assert mean_field.chi(mean_field.critical_weight_variance(5.0), 5.0) == pytest.approx(1)


def test_without_a_drive_a_contracting_network_falls_silent() -> None:
    assert mean_field.fixed_point(0.5, 0.0) < 1e-29
    # tanh is then the identity, and σ_w² is all there is.
    assert mean_field.chi(0.5, 0.0) == pytest.approx(0.5)
    assert mean_field.jacobian_growth(0.0, 0.3) == 0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_weights_that_ran_away_have_no_theory(bad: float) -> None:
    assert math.isnan(mean_field.jacobian_growth(bad, 0.1))
    assert math.isnan(mean_field.jacobian_growth(1.0, bad))
