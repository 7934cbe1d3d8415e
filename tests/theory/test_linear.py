"""Powers of a matrix against the matrix itself raised to the power."""

from __future__ import annotations

import numpy as np
import pytest

from gradviz.theory import linear


def test_norms_are_those_of_the_powers() -> None:
    matrix = np.random.default_rng(0).normal(size=(6, 6)) / 3
    powers = [np.linalg.matrix_power(matrix, k) for k in range(31)]
    norms = [np.linalg.svd(power, compute_uv=False)[0] for power in powers]
    np.testing.assert_allclose(10 ** linear.norms_log10(matrix, 30), norms, rtol=1e-9)


def test_a_normal_matrix_shrinks_like_its_radius() -> None:
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))
    found = linear.norms_log10(0.9 * rotation, 60)
    np.testing.assert_allclose(found, linear.powers_log10(0.9, 60), atol=1e-12)
    assert 10 ** found[60] == pytest.approx(1.797010e-3, rel=1e-6)


def test_the_non_normal_example() -> None:
    norms = 10 ** linear.norms_log10(linear.non_normal(0.9, 10.0), 80)
    assert norms[1] == pytest.approx(10.0804, abs=5e-5)
    assert norms.max() == pytest.approx(38.7459, abs=5e-5)
    assert norms.argmax() == 9
    assert (norms[1:] < 1).argmax() + 1 == 63


def test_beyond_what_a_float_can_hold() -> None:
    found = linear.norms_log10(np.diag([1e30, 1e-30]), 100)
    assert found[100] == pytest.approx(3000)
    assert linear.norms_log10(np.diag([1e-30]), 100)[100] == pytest.approx(-3000)


def test_a_matrix_whose_square_is_zero() -> None:
    found = linear.norms_log10(linear.non_normal(0.0, 2.0), 4)
    np.testing.assert_array_equal(found, [0, np.log10(2), -np.inf, -np.inf, -np.inf])
    np.testing.assert_array_equal(linear.powers_log10(0.0, 2), [0, -np.inf, -np.inf])
