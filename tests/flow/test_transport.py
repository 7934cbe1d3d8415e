"""Transport ∂s_T/∂s_t against dense products in float64, over any number of decades."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from unrolled import CELLS, I, build, dense_jacobians, flow_of

from gradviz.flow import LayerFlow, watch


def dense_log10(jacobians: Tensor, order: float | str) -> Tensor:
    """(T, B) log10 norms of the products, every one scaled to a largest entry of 1."""
    timesteps, batch, size, _ = jacobians.shape
    product = torch.eye(size, dtype=torch.float64).expand(batch, -1, -1)
    log, rows = torch.zeros(batch, dtype=torch.float64), []
    for t in range(timesteps - 1, -1, -1):
        rows.append(log + torch.linalg.matrix_norm(product, order).log10())
        product = product @ jacobians[t].double()
        scale = product.abs().amax((-2, -1))
        product, log = product / scale.clamp_min(1e-300)[:, None, None], log + scale.log10()
    return torch.stack(rows[::-1])


def dense_of(flow: LayerFlow) -> Tensor:
    return torch.stack([flow.jacobian(t) for t in range(1, len(flow.hidden) + 1)])


@pytest.mark.parametrize("name", CELLS)
def test_equal_to_products_of_autograds_jacobians(name: str) -> None:
    torch.manual_seed(0)
    module, inputs = build(name), torch.randn(30, 2, I, dtype=torch.float64)
    flow, jacobians = flow_of(module, inputs), dense_jacobians(module, name, inputs)
    for kind, order in (("spectral", 2), ("frobenius", "fro")):
        found = flow.transport_log10(kind, tolerance=1e-12)
        torch.testing.assert_close(found, dense_log10(jacobians, order), rtol=0, atol=1e-9)
    assert flow.transport_log10()[-1].tolist() == [0.0, 0.0]
    ends = flow.transport_log10("frobenius")[-1]
    assert ends.tolist() == pytest.approx([math.log10(flow.state_size) / 2] * 2)


WEIGHTS = {"default": 1.0, "large": 2.5, "orthogonal": 1.0}


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name", CELLS)
def test_rows_that_are_dropped_do_not_count(name: str, weights: str) -> None:
    """float32, 120 timesteps, within 0.005 of a decade of the dense product in float64."""
    torch.manual_seed(4)
    kind, _, options = CELLS[name]
    module = kind(4, 24, **options)
    with torch.no_grad():
        if weights == "orthogonal":
            for block in module.weight_hh_l0.split(24):
                nn.init.orthogonal_(block)
        module.weight_hh_l0.mul_(WEIGHTS[weights])
    flow = flow_of(module, torch.randn(120, 2, 4))
    expected = dense_log10(dense_of(flow), 2)
    alive = expected.isfinite()
    for tolerance in (1e-6, 0.01):
        found = flow.transport_log10(tolerance=tolerance)
        assert found.dtype == torch.float64
        assert float((found - expected)[alive].abs().max()) < 0.005


@settings(max_examples=15, deadline=None)
@given(
    name=st.sampled_from(sorted(CELLS)),
    timesteps=st.integers(1, 40),
    batch=st.integers(1, 3),
    hidden=st.integers(1, 12),
    gain=st.floats(0.2, 3),
    seed=st.integers(0, 2**31),
)
def test_within_a_hundredth_in_any_shape(
    name: str, timesteps: int, batch: int, hidden: int, gain: float, seed: int
) -> None:
    module = build(name, hidden=hidden, seed=seed)
    with torch.no_grad():
        module.weight_hh_l0.mul_(gain)
    torch.manual_seed(seed)
    flow = flow_of(module, torch.randn(timesteps, batch, I, dtype=torch.float64))
    expected = dense_log10(dense_of(flow), 2)
    found = flow.transport_log10(tolerance=0.01)
    assert bool((found.isfinite() == expected.isfinite()).all())
    alive = expected.isfinite()
    torch.testing.assert_close(found[alive], expected[alive], rtol=0, atol=0.005)


@pytest.mark.parametrize("gain", [0.01, 100.0])
def test_two_thousand_decades_in_float32(gain: float) -> None:
    """T = 1000 of a linear network W = gain · Q: ‖∂h_T/∂h_1‖ = gain^999."""
    torch.manual_seed(0)
    module = nn.RNN(1, 8, nonlinearity="relu", bias=False)
    with torch.no_grad():
        module.weight_hh_l0.copy_(gain * torch.eye(8).roll(1, 0))
        module.weight_ih_l0.fill_(0.0)
    # h = 0 has slope 0 in PyTorch; a bias alone keeps the units active whatever the gain.
    flow = flow_of(module, torch.zeros(1000, 1, 1), torch.full((1, 1, 8), 1e-30))
    flow.steps.slope.fill_(1.0)
    found = flow.transport_log10(tolerance=0.01)
    expected = math.log10(gain) * torch.arange(999, -1, -1).double()
    torch.testing.assert_close(found[:, 0], expected, rtol=1e-6, atol=0.005)


@pytest.mark.parametrize(("gain", "decades"), [(0.35, -2000), (3.5, 2000)])
def test_five_thousand_timesteps(gain: float, decades: int) -> None:
    """A relu network of all-positive dense weights, float32, against products in float64."""
    torch.manual_seed(0)
    module = nn.RNN(1, 8, nonlinearity="relu", bias=False)
    with torch.no_grad():
        weight = torch.rand(8, 8) + 0.1
        radius = torch.linalg.eigvals(weight).abs().max()
        module.weight_hh_l0.copy_(gain * weight / radius)
        module.weight_ih_l0.fill_(0.0)
    flow = flow_of(module, torch.zeros(5000, 1, 1), torch.full((1, 1, 8), 1e-30))
    flow.steps.slope.copy_(0.8 + 0.4 * torch.rand(5000, 1, 8))
    expected = dense_log10(dense_of(flow), 2)
    assert float(expected[0, 0]) / decades > 1
    found = flow.transport_log10(tolerance=0.01)
    # float32 rounds each of 5,000 products by 1e-7 or so: 2e-4 of a decade at the most.
    torch.testing.assert_close(found, expected, rtol=0, atol=0.005)


def test_rows_that_were_dropped_and_come_back() -> None:
    """Unit 0 leads by 1e4 while it is kept, then is forgotten; only unit 1 leads on from there."""
    module = nn.RNN(1, 2, bias=False)
    with torch.no_grad():
        module.weight_hh_l0.copy_(torch.eye(2))
    flow = flow_of(module, torch.zeros(60, 1, 1))
    slope = torch.ones(60, 1, 2)
    slope[31:, 0, 1] = 0.6
    slope[20:28, 0, 0] = 1e-4
    flow.steps.slope.copy_(slope)
    expected = slope.double().log10().flip(0).cumsum(0).flip(0).amax(-1)[1:]
    found = flow.transport_log10(tolerance=0.01)
    torch.testing.assert_close(found[:-1], expected, rtol=0, atol=0.005)


def test_the_float32_floor_is_no_floor() -> None:
    """SCIENCE trap 5: T = 400, where a product in float32 says 0.0."""
    torch.manual_seed(0)
    module = nn.RNN(2, 8)
    with torch.no_grad():
        module.weight_hh_l0.copy_(0.5 * torch.eye(8))
    flow = flow_of(module, torch.zeros(400, 1, 2))
    naive = torch.eye(8)
    for t in range(400, 1, -1):
        naive = naive @ flow.jacobian(t)[0]
    assert float(torch.linalg.matrix_norm(naive, 2)) == 0.0
    expected = dense_log10(dense_of(flow), 2)[0, 0]
    assert float(flow.transport_log10()[0, 0]) == pytest.approx(float(expected), abs=0.001)
    assert float(expected) < -115
    assert 0 < float(flow.hidden_grad_norm[0, 0]) < 1e-110


def test_the_norm_of_the_product_is_below_the_product_of_the_norms() -> None:
    """SCIENCE trap 10: tanh, H = 32."""
    torch.manual_seed(0)
    module = nn.RNN(8, 32)
    flow = flow_of(module, torch.randn(100, 1, 8))
    bound = float(flow.jacobian_norm()[1:].double().log10().sum())
    assert float(flow.transport_log10()[0, 0]) < bound - 10


def test_the_horizon_is_read_off_the_transport() -> None:
    torch.manual_seed(0)
    module = nn.GRU(2, 8)
    with watch(module) as watching:
        module(torch.randn(40, 3, 2))[0][-1].sum().backward()
    flow = watching.layers["l0"]
    transport = flow.transport_log10()
    for b, lag in enumerate(flow.gradient_horizon().tolist()):
        inside, at = transport[39 - int(lag) + 1 :, b], transport[39 - int(lag), b]
        assert float(10**at) <= 1 / math.e < float(10 ** inside.min())


def test_the_horizon_is_infinite_where_nothing_is_forgotten() -> None:
    module = nn.LSTM(2, 4)
    with torch.no_grad():
        module.bias_ih_l0[4:8] = 20.0
    flow = flow_of(module, torch.randn(30, 2, 2))
    assert flow.gradient_horizon().tolist() == [math.inf] * 2


def test_the_transport_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    flow = flow_of(nn.GRU(2, 4), torch.randn(20, 2, 2))
    first = flow.transport_log10(probes=1, tolerance=0.01)
    monkeypatch.setattr("gradviz.flow.quantities.transport_log10.transport_log10", None)
    assert flow.transport_log10(probes=1, tolerance=0.01) is first
    assert flow.gradient_horizon(probes=1, tolerance=0.01).shape == (1,)
