"""The condition number of the transport against dense SVDs and networks known on paper."""

from __future__ import annotations

import math

import pytest
import torch
from passes import Loop, build, flow_of, flows_of, inputs_of
from torch import nn

from gradviz.flow import LayerFlow, watch


def diagonal_network(
    diagonal: list[float], timesteps: int, dtype: torch.dtype = torch.float64
) -> LayerFlow:
    """Relu units held active, each on its own."""
    module = nn.RNN(1, len(diagonal), nonlinearity="relu", bias=False, dtype=dtype)
    with torch.no_grad():
        module.weight_hh_l0.copy_(torch.tensor(diagonal).diag())
        module.weight_ih_l0.fill_(1.0)
    with watch(module) as watching:
        module(torch.ones(timesteps, 1, 1, dtype=dtype))[0].sum().backward()
    return watching.layers["l0"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_diagonal_network_of_which_no_float_holds_the_condition(dtype: torch.dtype) -> None:
    """(1/4)^k beside (1/4096)^k over 700 timesteps: 10 to the power 2107."""
    found = diagonal_network([0.25, 1 / 4096], 701, dtype).transport_condition_log10()[:, 0]
    expected = torch.arange(700, -1, -1, dtype=torch.float64) * math.log10(1024)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rho", [0.5, 1.0])
def test_an_isometry_has_condition_one(rho: float) -> None:
    found = diagonal_network([rho, rho, rho], 50).transport_condition_log10()
    torch.testing.assert_close(found, torch.zeros_like(found), rtol=0, atol=1e-6)
    assert bool((found >= 0).all())


@pytest.mark.parametrize("name", ["tanh", "lstm", "gru"])
def test_equal_to_the_svd_of_the_product(name: str) -> None:
    module, inputs, lengths = build(name, 3, bidirectional=True), inputs_of(4, 2), [4, 3]
    for suffix, flow in flows_of(module, inputs, lengths).items():
        found, loop = (
            flow.transport_condition_log10(tolerance=1e-9),
            Loop(module, inputs, lengths, suffix),
        )
        for b in range(2):
            order = loop.read(b)
            for t in order:
                values = torch.linalg.svdvals(loop.transport(order[-1], t, b))
                expected = math.log10(float(values[0] / values[-1]))
                assert float(found[t, b]) == pytest.approx(expected, rel=1e-6, abs=1e-6)
        assert found.isnan().sum().item() == 1


def test_infinite_from_where_a_jacobian_is_singular() -> None:
    """A relu unit that is silent at t = 3 of 6 alone: P_1 and P_2 lose a direction."""
    module = build("relu", 2, bias=False)
    with torch.no_grad():
        module.weight_hh_l0.copy_(torch.tensor([[0.5, 0.1], [0.2, 0.4]]))
        module.weight_ih_l0.zero_()
        module.weight_ih_l0[:, 0] = 1.0
        module.weight_ih_l0[1, 1] = -1.0
    inputs = torch.zeros(6, 1, 3, dtype=torch.float64)
    inputs[:, 0, 0] = 1.0
    inputs[2, 0, 1] = 50.0
    found = flow_of(module, inputs).transport_condition_log10()[:, 0]
    assert found[:2].tolist() == [math.inf, math.inf]
    assert bool(found[2:].isfinite().all())
    assert float(found[5]) == 0


def test_a_weight_matrix_short_of_rank_is_singular_though_no_pivot_is_zero() -> None:
    module = build("tanh", 4)
    with torch.no_grad():
        draw = torch.Generator().manual_seed(2)
        thin = torch.randn(4, 2, generator=draw, dtype=torch.float64)
        module.weight_hh_l0.copy_(thin @ thin.T / 4)
    found = flow_of(module, inputs_of(5, 1)).transport_condition_log10()[:, 0]
    assert found.tolist() == [*4 * [math.inf], 0.0]


def test_a_saturated_unit_is_not_taken_for_a_singular_jacobian() -> None:
    """tanh′ of 1e-13 beside 1: the condition is large, and known, but not infinite."""
    module = build("tanh", 2)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.weight_hh_l0.copy_(0.5 * torch.eye(2))
        module.bias_ih_l0[1] = 15.0
    flow = flow_of(module, inputs_of(10, 1))
    slopes = 1 - flow.hidden[:, 0] ** 2
    assert 0 < float(slopes[5, 1]) < 1e-11
    logs = (slopes[1:, 0] / slopes[1:, 1]).log10().flip(0).cumsum(0).flip(0)
    found = flow.transport_condition_log10()[:-1, 0]
    torch.testing.assert_close(found, logs, rtol=1e-6, atol=0)


def test_numbers_that_are_not_finite_give_nan_and_no_error() -> None:
    module, inputs = build("lstm"), inputs_of(5, 2)
    inputs[2, 0] = math.nan
    found = flow_of(module, inputs).transport_condition_log10()
    assert bool(found[:2, 0].isnan().all())
    assert bool(found[:, 1].isfinite().all())
