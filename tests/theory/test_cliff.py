"""The one-unit error surface against a plain loop and against differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradviz.theory import cliff


def plain_error(w: float, b: float) -> float:
    """E as the paper writes it."""
    x = 0.5
    for _ in range(50):
        x = w / (1 + math.exp(-x)) + b
    return (1 / (1 + math.exp(-x)) - 0.7) ** 2


POINTS = [(5.0, -2.4), (4.5, -2.301), (4.2, -3.0), (5.0, -2.6123), (5.5, -1.8)]


@pytest.mark.parametrize(("w", "b"), POINTS)
def test_error_is_that_of_a_plain_loop(w: float, b: float) -> None:
    assert float(cliff.error(w, b)) == pytest.approx(plain_error(w, b), rel=1e-9)


@pytest.mark.parametrize(("w", "b"), POINTS)
def test_gradient_is_that_of_differences(w: float, b: float) -> None:
    h = 1e-7
    of_w, of_b = cliff.gradient(w, b)
    assert float(of_w) == pytest.approx(
        (plain_error(w + h, b) - plain_error(w - h, b)) / (2 * h), rel=2e-4, abs=1e-8
    )
    assert float(of_b) == pytest.approx(
        (plain_error(w, b + h) - plain_error(w, b - h)) / (2 * h), rel=2e-4, abs=1e-8
    )


def test_all_points_at_once_or_one_by_one() -> None:
    w, b = np.linspace(4, 5.6, 5), np.linspace(-3, -2, 7)[:, None]
    of_w, of_b = cliff.gradient(w, b)
    assert of_w.shape == of_b.shape == cliff.error(w, b).shape == (7, 5)
    assert float(of_b[3, 2]) == pytest.approx(float(cliff.gradient(w[2], b[3, 0])[1]), rel=1e-9)


def test_the_wall_is_where_the_state_stays() -> None:
    b = float(cliff.wall(5.0))
    assert b == pytest.approx(-2.6123, abs=5e-5)
    assert 5 / (1 + math.exp(-0.5)) + b == pytest.approx(0.5, abs=1e-12)
    # Just beside it the state ends on different sides.
    assert plain_error(5.0, b + 1e-2) < 0.05 < 0.3 < plain_error(5.0, b - 1e-2)


def test_the_wall_is_steep() -> None:
    b = cliff.steepest(5.0)
    assert float(np.hypot(*cliff.gradient(5.0, b))) == pytest.approx(6.8e3, abs=50)
    around = np.linspace(b - 1e-3, b + 1e-3, 4001)
    assert np.hypot(*cliff.gradient(5.0, around)).max() <= 6774


def test_the_surface_is_a_rectangle_refined_along_the_wall() -> None:
    surface = cliff.surface(columns=9, rows=81)
    assert surface.w.shape == surface.b.shape == surface.error.shape == (81, 9)
    np.testing.assert_allclose(surface.b[[0, -1]].T, [cliff.B_SPAN] * 9)
    np.testing.assert_allclose(surface.b[40], cliff.wall(surface.w[40]))
    assert (np.diff(surface.b, axis=0) > 0).all()
    assert np.diff(surface.b, axis=0).min() < 1e-7
    assert surface.error[30, 4] == pytest.approx(
        plain_error(surface.w[30, 4], surface.b[30, 4]), rel=1e-6
    )


def test_no_row_jumps_over_the_wall() -> None:
    """Along w = 5 an even grid of as many rows goes from foot to top in one."""
    surface = cliff.surface(columns=17, rows=81)
    column = int(np.abs(surface.w[0] - 5).argmin())
    refined = np.abs(np.diff(surface.error[:, column])).max()
    even = np.abs(np.diff(cliff.error(5.0, np.linspace(*cliff.B_SPAN, 81)))).max()
    assert refined < 0.15 < 0.25 < even


def test_one_step_at_the_wall() -> None:
    start = (5.0, cliff.steepest(5.0))
    free = cliff.descend(start, 0.01, None, 100)
    assert free.step_lengths.tolist() == [pytest.approx(67.7, abs=0.1)]
    assert free.ended == "left"
    assert math.dist(free.points[0], free.points[1]) == pytest.approx(67.7, abs=0.1)
    clipped = cliff.descend(start, 0.01, 1.0, 1)
    assert clipped.step_lengths[0] == pytest.approx(0.01, rel=1e-9)
    assert clipped.gradient_norms[0] == pytest.approx(free.gradient_norms[0])
    assert clipped.ended == "steps"


def test_a_descent_goes_down_the_differences() -> None:
    path = cliff.descend((5.2, -2.3), 0.1, None, 5)
    w, b, h = 5.2, -2.3, 1e-6
    for point in path.points[1:]:
        of_w = (plain_error(w + h, b) - plain_error(w - h, b)) / (2 * h)
        of_b = (plain_error(w, b + h) - plain_error(w, b - h)) / (2 * h)
        w, b = w - 0.1 * of_w, b - 0.1 * of_b
        np.testing.assert_allclose(point, [w, b], atol=1e-7)
    assert path.errors.tolist() == [pytest.approx(plain_error(*p), rel=1e-9) for p in path.points]
    assert (len(path.points), len(path.gradient_norms), path.ended) == (6, 5, "steps")


def test_the_clip_decides_whether_it_learns() -> None:
    free = cliff.descend((5.2, -2.3), 0.1, None, 400)
    clipped = cliff.descend((5.2, -2.3), 0.1, 1.0, 400)
    assert free.ended == "left"
    assert free.step_lengths.max() > 50
    assert clipped.ended == "steps"
    assert clipped.errors[-1] < 1e-3 < free.errors[-1]
    assert clipped.step_lengths.max() == pytest.approx(0.1)
    # Until the first clipped step they are one path.
    first = int((clipped.gradient_norms > 1).argmax())
    np.testing.assert_array_equal(free.points[: first + 1], clipped.points[: first + 1])


def test_noise_is_added_to_the_gradient() -> None:
    noise = np.array([[0.3, -0.2], [0.0, 0.1]])
    noisy = cliff.descend((5.0, -2.2), 0.01, None, 2, noise)
    plain = cliff.descend((5.0, -2.2), 0.01, None, 1)
    np.testing.assert_allclose(noisy.points[1] - plain.points[1], [-0.003, 0.002])


def test_a_step_too_long_for_a_number() -> None:
    path = cliff.descend((5.0, cliff.steepest(5.0)), 1e308, None, 10)
    assert path.ended == "not finite"
    assert len(path.step_lengths) == 1


@pytest.mark.parametrize(("rate", "clip", "name"), [(0.0, 1.0, "learning_rate"), (0.1, -1.0, "cl")])
def test_what_cannot_be(rate: float, clip: float, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}.* must be above 0, got"):
        cliff.descend((5.0, -2.2), rate, clip, 3)
