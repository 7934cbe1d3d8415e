"""GradNorm: norms of every step, by light hooks, against those of the gradients themselves."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from gradviz.flow import GradNorm


def parameters(model: nn.Module) -> list[torch.Tensor]:
    return [each.grad for each in model.parameters() if each.grad is not None]


def norm_of(grads: list[torch.Tensor]) -> float:
    """In exact sums of Python's floats."""
    return math.sqrt(math.fsum(x * x for grad in grads for x in grad.flatten().tolist()))


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def test_norms_before_and_after_a_clip(model: nn.Module) -> None:
    norm = GradNorm(model)
    model(torch.randn(5, 3)).square().sum().backward()
    before = norm_of(parameters(model))
    told = float(nn.utils.clip_grad_norm_(model.parameters(), 0.5 * before))
    norms = norm.take()
    assert norms.pre == pytest.approx(before, rel=1e-14)
    assert norms.pre == pytest.approx(told, rel=1e-6)
    assert norms.post == pytest.approx(0.5 * before, rel=1e-5)
    assert norms.clipped
    assert list(norms.by_name) == ["2.bias", "2.weight", "0.bias", "0.weight"]


def test_a_clip_that_does_nothing_leaves_the_norm_to_the_bit(model: nn.Module) -> None:
    norm = GradNorm(model)
    model(torch.randn(5, 3)).square().sum().backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1e6)
    norms = norm.take()
    assert norms.post == norms.pre
    assert not norms.clipped


def test_several_backward_passes_add_up(model: nn.Module) -> None:
    norm = GradNorm(model)
    for _ in range(3):
        model(torch.randn(5, 3)).square().sum().backward()
    assert norm.take().pre == pytest.approx(norm_of(parameters(model)), rel=1e-14)
    assert not norm.is_noted


@pytest.mark.parametrize("set_to_none", [True, False])
def test_gradients_that_are_gone(model: nn.Module, set_to_none: bool) -> None:
    norm = GradNorm(model)
    model(torch.randn(5, 3)).square().sum().backward()
    model.zero_grad(set_to_none=set_to_none)
    assert norm.take().is_gone


def test_a_gradient_of_zero_is_not_gone(model: nn.Module) -> None:
    norm = GradNorm(model)
    (0 * model(torch.randn(5, 3))).sum().backward()
    norms = norm.take()
    assert (norms.pre, norms.post, norms.is_gone, norms.clipped) == (0, 0, False, False)


def test_a_norm_beyond_float32_and_the_clip_that_zeroes_all(model: nn.Module) -> None:
    norm = GradNorm(model)
    (1e25 * model(torch.ones(5, 3)).sum()).backward()
    expected = norm_of(parameters(model))
    assert math.isinf(float(nn.utils.clip_grad_norm_(model.parameters(), 1.0)))
    norms = norm.take()
    assert norms.pre == pytest.approx(expected, rel=1e-12)
    assert norms.is_overflow
    assert not norms.is_gone


def test_a_gradient_that_is_no_number(model: nn.Module) -> None:
    norm = GradNorm(model)
    (math.nan * model(torch.ones(5, 3)).sum()).backward()
    norms = norm.take()
    assert all(map(math.isnan, norms.by_name.values()))
    assert not norms.is_gone


def test_sparse_gradients_count_by_their_rows() -> None:
    model = nn.Embedding(100, 3, sparse=True)
    norm = GradNorm(model)
    model(torch.tensor([1, 1, 2])).sum().backward()
    # Row 1 twice, so 2 in each of its entries; row 2 once.
    assert norm.take().pre == pytest.approx(math.sqrt(3 * 4 + 3 * 1))


def test_frozen_parameters_join_when_they_are_followed(model: nn.Module) -> None:
    first = model.get_submodule("0")
    first.requires_grad_(requires_grad=False)
    norm = GradNorm(model)
    model(torch.randn(5, 3)).sum().backward()
    assert set(norm.take().by_name) == {"2.weight", "2.bias"}
    first.requires_grad_(requires_grad=True)
    norm.follow(model)
    norm.follow(model)
    model(torch.randn(5, 3)).sum().backward()
    assert set(norm.take().by_name) == {"0.weight", "0.bias", "2.weight", "2.bias"}


def test_closed_it_leaves_no_hook(model: nn.Module) -> None:
    norm = GradNorm(model)
    norm.close()
    model(torch.randn(5, 3)).sum().backward()
    assert not norm.is_noted
    assert not any(each._post_accumulate_grad_hooks for each in model.parameters())
