"""Clipping against hand-computed numbers, and the gradients that break it."""

from __future__ import annotations

import math

import pytest
import torch

from gradviz.remedies import clip_gradients, total_norm


def parameters(
    *gradients: list[float], dtype: torch.dtype = torch.float32
) -> list[torch.nn.Parameter]:
    made = []
    for values in gradients:
        gradient = torch.tensor(values, dtype=dtype)
        made.append(torch.nn.Parameter(torch.zeros_like(gradient)))
        made[-1].grad = gradient
    return made


def entries(given: list[torch.nn.Parameter]) -> list[float]:
    return torch.cat([each.grad for each in given if each.grad is not None]).tolist()


def test_by_norm_shrinks_to_the_threshold() -> None:
    given = parameters([3.0], [4.0], dtype=torch.float64)
    clipping = clip_gradients(given, "norm", 1.0)
    assert clipping.norm_pre == 5.0
    assert clipping.norm_post == pytest.approx(5 / (5 + 1e-6), rel=1e-12)
    assert clipping.norm_post == pytest.approx(0.9999998, abs=1e-10)
    assert clipping.clipped
    assert clipping.culprit is None
    x, y = entries(given)
    assert x / y == pytest.approx(0.75, rel=1e-15)


def test_by_value_turns_the_gradient() -> None:
    given = parameters([0.9, 100.0], dtype=torch.float64)
    clipping = clip_gradients(given, "value", 1.0)
    assert entries(given) == [0.9, 1.0]
    turned = math.degrees(math.atan2(100.0, 0.9) - math.atan2(1.0, 0.9))
    assert turned == pytest.approx(41.47, abs=0.005)
    assert clipping.clipped
    assert clipping.norm_pre == pytest.approx(math.hypot(0.9, 100.0))
    assert clipping.norm_post == pytest.approx(math.hypot(0.9, 1.0))


@pytest.mark.parametrize("kind", ["none", "norm", "value"])
def test_below_the_threshold_nothing_changes_by_a_bit(kind: str) -> None:
    given = parameters([0.1, -0.3], [1e-30, 0.7])
    before = entries(given)
    clipping = clip_gradients(given, kind, 1.0)  # type: ignore[arg-type]
    assert entries(given) == before
    assert not clipping.clipped
    assert clipping.norm_post == clipping.norm_pre


def test_without_a_clip_a_large_gradient_stays() -> None:
    given = parameters([3 * 2.0**30, 4 * 2.0**30])
    clipping = clip_gradients(given, "none", 1.0)
    assert entries(given) == [3 * 2.0**30, 4 * 2.0**30]
    assert clipping.norm_pre == clipping.norm_post == 5 * 2.0**30
    assert not clipping.clipped


@pytest.mark.parametrize("kind", ["none", "norm", "value"])
def test_equal_to_torch(kind: str) -> None:
    torch.manual_seed(0)
    mine = [torch.nn.Parameter(torch.zeros(5, 7)) for _ in range(3)]
    theirs = [torch.nn.Parameter(torch.zeros(5, 7)) for _ in range(3)]
    for one, other in zip(mine, theirs, strict=True):
        one.grad = torch.randn(5, 7)
        other.grad = one.grad.clone()
    clipping = clip_gradients(mine, kind, 0.5)  # type: ignore[arg-type]
    if kind == "norm":
        assert float(torch.nn.utils.clip_grad_norm_(theirs, 0.5)) == pytest.approx(
            clipping.norm_pre, rel=1e-6
        )
    elif kind == "value":
        torch.nn.utils.clip_grad_value_(theirs, 0.5)
    after = [each.grad for each in mine if each.grad is not None]
    assert clipping.norm_post == pytest.approx(total_norm(after), rel=1e-6)
    for one, other in zip(mine, theirs, strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert torch.equal(one.grad, other.grad)


def test_a_float32_norm_that_overflows_is_named() -> None:
    given = parameters([1.0, 2.0], [1e20, 1e19])
    clipping = clip_gradients(given, "norm", 1.0)
    assert clipping.norm_pre == pytest.approx(math.hypot(1e20, 1e19), rel=1e-6)
    assert entries(given) == [0.0, 0.0, 0.0, 0.0]  # the trap: PyTorch zeroes them all
    assert clipping.norm_post == 0.0
    assert clipping.culprit == (1, "norm overflow")


@pytest.mark.parametrize("kind", ["none", "value"])
def test_without_a_norm_nothing_overflows(kind: str) -> None:
    clipping = clip_gradients(parameters([1.0, 1e20]), kind, 1.0)  # type: ignore[arg-type]
    assert clipping.norm_pre == pytest.approx(1e20, rel=1e-6)
    assert clipping.culprit is None


@pytest.mark.parametrize(
    ("bad", "word"), [(math.inf, "inf"), (-math.inf, "inf"), (math.nan, "nan")]
)
@pytest.mark.parametrize("kind", ["none", "norm", "value"])
def test_a_gradient_that_is_not_finite_is_named_before_the_clip_spreads_it(
    kind: str, bad: float, word: str
) -> None:
    given = parameters([1.0], [2.0, bad], [3.0])
    clipping = clip_gradients(given, kind, 1.0)  # type: ignore[arg-type]
    assert clipping.culprit == (1, word)
    assert not math.isfinite(clipping.norm_pre)
    if kind == "norm":
        assert any(math.isnan(entry) for entry in entries(given))


def test_norms_neither_overflow_nor_underflow() -> None:
    assert total_norm([torch.full((4,), 1e20)]) == pytest.approx(2e20, rel=1e-6)
    assert total_norm([torch.full((4,), 1e-25)]) == pytest.approx(2e-25, rel=1e-6)
    assert total_norm([torch.full((4,), 1e200, dtype=torch.float64)]) == pytest.approx(2e200)
    assert total_norm([]) == 0.0


def test_a_parameter_without_a_gradient_is_left_out() -> None:
    given = [*parameters([3.0, 4.0]), torch.nn.Parameter(torch.ones(2))]
    assert clip_gradients(given, "norm", 1.0).norm_pre == 5.0
    assert given[-1].grad is None
