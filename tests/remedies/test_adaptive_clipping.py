"""AGC against a loop over single units in plain Python, and the angle by which a clip turns."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from gradviz.remedies import Clipping, clip_gradients


def looped(weights: list[list[float]], gradients: list[list[float]], ratio: float) -> list[float]:
    """Equation 3 of the paper, unit by unit; one list a unit."""
    result = []
    for weight, gradient in zip(weights, gradients, strict=True):
        limit = ratio * max(math.hypot(*weight), 1e-3)
        norm = math.hypot(*gradient)
        factor = limit / norm if norm > limit else 1.0
        result += [factor * entry for entry in gradient]
    return result


def units(tensor: torch.Tensor) -> list[list[float]]:
    """Rows of a matrix; a vector is one unit."""
    rows: list[list[float]] = (tensor if tensor.ndim > 1 else tensor[None]).tolist()
    return rows


def gradient_of(parameter: torch.Tensor) -> torch.Tensor:
    assert parameter.grad is not None
    return parameter.grad


def degrees(one: list[float], other: list[float]) -> float:
    product = math.fsum(a * b for a, b in zip(one, other, strict=True))
    along = product / (math.hypot(*one) * math.hypot(*other))
    return math.degrees(math.acos(along))


@pytest.mark.parametrize("ratio", [1e-3, 0.1, 1.0, 100.0])
def test_an_lstm_is_clipped_as_by_a_plain_loop(ratio: float) -> None:
    torch.manual_seed(0)
    parameters = list(nn.LSTM(3, 5, dtype=torch.float64).parameters())
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
        if parameter.ndim > 1:
            parameter.grad *= torch.logspace(-3, 1, len(parameter), dtype=torch.float64)[:, None]
    before = [entry for each in parameters for entry in gradient_of(each).flatten().tolist()]
    expected = [
        entry
        for each in parameters
        for entry in looped(units(each), units(gradient_of(each)), ratio)
    ]
    clipping = clip_gradients(parameters, "agc", ratio)
    after = [entry for each in parameters for entry in gradient_of(each).flatten().tolist()]
    assert after == pytest.approx(expected, rel=1e-12)
    assert clipping.clipped == (expected != before)
    assert clipping.norm_pre == pytest.approx(math.hypot(*before), rel=1e-12)
    assert clipping.norm_post == pytest.approx(math.hypot(*expected), rel=1e-12)
    turned = degrees(before, expected) if clipping.clipped else 0.0
    assert clipping.angle == pytest.approx(turned, abs=1e-5)


def parameter(weight: list[list[float]] | list[float], gradient: object) -> nn.Parameter:
    made = nn.Parameter(torch.tensor(weight))
    made.grad = torch.tensor(gradient)
    return made


def test_each_row_has_its_own_limit() -> None:
    """By hand: row norms of weights 5 and 0, of gradients 10 and 1; λ = 0.5 and ε = 1e-3."""
    given = parameter([[3.0, 4.0], [0.0, 0.0]], [[6.0, 8.0], [1.0, 0.0]])
    clip_gradients([given], "agc", 0.5)
    torch.testing.assert_close(gradient_of(given), torch.tensor([[1.5, 2.0], [5e-4, 0.0]]))


def test_a_bias_is_one_unit() -> None:
    given = parameter([0.3, 0.4], [30.0, 40.0])
    clip_gradients([given], "agc", 0.1)
    torch.testing.assert_close(gradient_of(given), torch.tensor([0.03, 0.04]))


def test_the_last_layer_is_left_alone() -> None:
    ours, last = parameter([[1.0]], [[10.0]]), parameter([[1.0]], [[10.0]])
    clipping = clip_gradients([ours, last], "agc", 0.5, exempt=[last])
    assert (float(gradient_of(ours)), float(gradient_of(last))) == (0.5, 10.0)
    assert clipping.norm_post == pytest.approx(math.hypot(0.5, 10.0), rel=1e-12)
    assert clipping.angle == pytest.approx(45 - math.degrees(math.atan2(0.5, 10.0)), rel=1e-12)


def test_an_entry_that_float32_cannot_square_does_no_harm() -> None:
    given = parameter([[3.0, 4.0], [1.0, 0.0]], [[1e20, 0.0], [0.25, 0.0]])
    clipping = clip_gradients([given], "agc", 0.5)
    torch.testing.assert_close(gradient_of(given), torch.tensor([[2.5, 0.0], [0.25, 0.0]]))
    assert clipping.culprit is None
    assert clipping.norm_pre == pytest.approx(1e20, rel=1e-6)


def test_nor_one_that_float64_cannot_square() -> None:
    given = nn.Parameter(torch.tensor([[3.0, 4.0], [1.0, 0.0]], dtype=torch.float64))
    given.grad = torch.tensor([[3e200, 4e200], [0.0, 0.0]], dtype=torch.float64)
    clip_gradients([given], "agc", 0.5)
    expected = torch.tensor([[1.5, 2.0], [0.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(given.grad, expected)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_what_is_not_finite_stays_in_its_unit(bad: float) -> None:
    given = parameter([[1.0, 1.0], [1.0, 0.0]], [[bad, 1.0], [10.0, 0.0]])
    clipping = clip_gradients([given], "agc", 0.5)
    assert math.isnan(float(gradient_of(given)[0, 0]))
    assert gradient_of(given)[1].tolist() == [0.5, 0.0]
    assert clipping.culprit == (0, "inf" if math.isinf(bad) else "nan")
    assert math.isnan(clipping.angle)


def turned(kind: str, *entries: float) -> Clipping:
    given = nn.Parameter(torch.zeros(len(entries)))
    given.grad = torch.tensor(entries)
    return clip_gradients([given], kind, 1.0)  # type: ignore[arg-type]


def test_the_angle_of_a_clip_by_value() -> None:
    """SCIENCE trap 9."""
    assert turned("value", 0.9, 100.0).angle == pytest.approx(41.47, abs=0.005)
    by_hand = math.degrees(math.atan2(100, 0.9) - math.atan2(1, 0.9))
    assert turned("value", 0.9, 100.0).angle == pytest.approx(by_hand, abs=1e-5)


@pytest.mark.parametrize("kind", ["none", "norm", "value"])
def test_nothing_is_turned_below_the_threshold_nor_by_norm(kind: str) -> None:
    assert turned(kind, 0.9, 0.1).angle == 0.0
    if kind != "value":
        assert turned(kind, 0.9, 100.0).angle == 0.0
    assert turned(kind, 0.0, 0.0).angle == 0.0


def test_no_direction_has_no_angle() -> None:
    assert math.isnan(turned("norm", 0.9, 1e20).angle)
    for kind in ("none", "norm", "value"):
        assert math.isnan(turned(kind, 0.9, math.inf).angle)
        assert math.isnan(turned(kind, 0.9, math.nan).angle)
