"""Networks whose gradients are known on paper: the exact checks of SCIENCE.md."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from gradviz.flow import LayerFlow, watch


def relu_network(weight: Tensor, dtype: torch.dtype = torch.float64) -> nn.RNN:
    """h_t = relu(W h_{t−1} + b); linear while its units are active, which a bias sees to."""
    module = nn.RNN(1, len(weight), nonlinearity="relu", dtype=dtype)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.weight_hh_l0.copy_(weight)
    return module


def keep_active(module: nn.RNN, state: float = 1.0) -> Tensor:
    """Set the bias for which h = (state, …) is a fixed point; returns it as h_0."""
    start = torch.full((1, 1, module.hidden_size), state, dtype=module.weight_hh_l0.dtype)
    with torch.no_grad():
        module.bias_ih_l0.copy_(state - module.weight_hh_l0 @ start[0, 0])
    return start


def watched(module: nn.RNNBase, timesteps: int, start: object) -> LayerFlow:
    inputs = torch.zeros(timesteps, 1, module.input_size, dtype=module.weight_hh_l0.dtype)
    with watch(module) as watching:
        module(inputs, start)[0][-1].sum().backward()
    return watching.layers["l0"]


@pytest.mark.parametrize(("rho", "expected"), [(0.9, 1.797010e-3), (1.1, 304.48164)])
def test_a_linear_network_goes_by_the_powers_of_its_radius(rho: float, expected: float) -> None:
    """W = ρQ, T = 60: ‖∂h_T/∂h_0‖ = ρ^60."""
    torch.manual_seed(0)
    module = relu_network(rho * nn.init.orthogonal_(torch.empty(8, 8, dtype=torch.float64)))
    flow = watched(module, 61, keep_active(module))
    transport = flow.transport_log10(tolerance=1e-12)[:, 0]
    lags = torch.arange(60, -1, -1).double()
    torch.testing.assert_close(10**transport, rho**lags, rtol=1e-9, atol=0)
    assert 10 ** float(transport[0]) == pytest.approx(expected, rel=1e-6)
    assert flow.spectral_radius == pytest.approx(rho, rel=1e-9)
    torch.testing.assert_close(
        flow.jacobian_norm(tolerance=1e-12),
        torch.full((61, 1), rho, dtype=torch.float64),
        rtol=1e-9,
        atol=0,
    )
    expected_horizon = math.ceil(1 / -math.log(rho)) if rho < 1 else math.inf
    assert flow.gradient_horizon().tolist() == [expected_horizon]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_irnn_keeps_every_gradient_exactly(dtype: torch.dtype) -> None:
    """Le, Jaitly & Hinton 2015: W = I, active units, T = 500."""
    module = relu_network(torch.eye(16), dtype)
    flow = watched(module, 500, torch.ones(1, 1, 16, dtype=dtype))
    assert bool((flow.hidden_grad == 1.0).all())
    # Further back by one: ∂L/∂h_0 = J_1ᵀ δ_1.
    assert bool((flow.jacobian(1)[0].double().T @ flow.hidden_grad[0, 0] == 1.0).all())
    assert flow.gradient_horizon().tolist() == [math.inf]


@pytest.mark.parametrize(
    ("bias", "expected"), [(0, 7.889e-31), (1, 2.484e-14), (2, 3.073e-6), (5, 0.5109)]
)
def test_a_zero_weight_lstm_is_the_product_of_its_forget_gates(
    bias: float, expected: float
) -> None:
    """∂c_T/∂c_0 = σ(b_f)^T, T = 100."""
    module = nn.LSTM(1, 4, dtype=torch.float64)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.bias_ih_l0[4:8] = bias
    with watch(module) as watching:
        _, (_, c_n) = module(torch.zeros(101, 1, 1, dtype=torch.float64))
        c_n.sum().backward()
    flow = watching.layers["l0"]
    assert float(flow.cell_grad[0, 0, 0]) == pytest.approx(expected, rel=1e-3)
    powers = torch.tensor(float(bias), dtype=torch.float64).sigmoid() ** torch.arange(100, -1, -1)
    torch.testing.assert_close(flow.cell_grad[:, 0, 0], powers, rtol=1e-9, atol=0)
    torch.testing.assert_close(
        flow.gates["forget"].prod(0)[0, 0], powers[0] * powers[-2], rtol=1e-9, atol=0
    )
    # Of s = (h, c) too: h_T = o ⊙ tanh(c_T) adds its half, (1/2)(1 − 0), at right angles.
    transport = 10 ** flow.transport_log10(tolerance=1e-12)[:-1, 0]
    torch.testing.assert_close(transport, powers[:-1] * math.sqrt(1.25), rtol=1e-9, atol=0)


def test_chrono_initialisation_forgets_by_one_over_e() -> None:
    """Tallec & Ollivier 2018: b_f = ln(T − 1) makes f = 1 − 1/T."""
    module = nn.LSTM(1, 2, dtype=torch.float64)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.bias_hh_l0[2:4] = math.log(99)
    with watch(module) as watching:
        module(torch.zeros(101, 1, 1, dtype=torch.float64))[1][1].sum().backward()
    flow = watching.layers["l0"]
    assert float(flow.gates["forget"][0, 0, 0]) == pytest.approx(0.99, rel=1e-9)
    assert float(flow.cell_grad[0, 0, 0]) == pytest.approx(1 / math.e, abs=0.003)


def test_a_gru_with_an_open_update_gate_keeps_its_state() -> None:
    """Zero weights, z bias 10, h = 1: h' = 0.9999546."""
    module = nn.GRU(1, 3, dtype=torch.float64)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.bias_ih_l0[3:6] = 10.0
    flow = watched(module, 2, torch.ones(1, 1, 3, dtype=torch.float64))
    assert float(flow.hidden[0, 0, 0]) == pytest.approx(0.9999546, abs=5e-8)
    z = 1 / (1 + math.exp(-10))
    torch.testing.assert_close(
        flow.jacobian(1)[0], z * torch.eye(3, dtype=torch.float64), rtol=1e-9, atol=1e-15
    )
    assert float(flow.jacobian_norm()[0, 0]) == pytest.approx(z, rel=1e-9)


def test_a_non_normal_network_grows_before_it_decays() -> None:
    """W = [[.9, 10], [0, .9]]: ‖W^k‖₂ peaks at k = 9 and is below 1 first at k = 63."""
    module = relu_network(torch.tensor([[0.9, 10.0], [0.0, 0.9]], dtype=torch.float64))
    flow = watched(module, 81, keep_active(module))
    norms = 10 ** flow.transport_log10(tolerance=1e-12)[:, 0].flip(0)
    assert flow.spectral_radius == pytest.approx(0.9, rel=1e-6)
    assert float(norms[1]) == pytest.approx(10.0804, abs=5e-5)
    assert int(norms.argmax()) == 9
    assert float(norms[9]) == pytest.approx(38.7459, abs=5e-5)
    assert int((norms[1:] < 1).int().argmax()) + 1 == 63


FACTORS = [
    ("rnn", None, 0.575),
    ("lstm", None, 0.640),
    ("gru", None, 0.637),
    ("lstm", 1.0, 0.858),
    ("lstm", 2.0, 0.977),
    ("lstm", 5.0, 1.020),
]


@pytest.mark.parametrize(("cell", "forget_bias", "expected"), FACTORS)
def test_the_factor_per_timestep_of_default_networks(
    cell: str, forget_bias: float | None, expected: float
) -> None:
    """SCIENCE trap 2: H = 64, I = 8, N(0, 1) inputs, lags 10–60; ±0.03."""
    kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell]
    factors = []
    for seed in range(3):
        torch.manual_seed(seed)
        module = kind(8, 64)
        if forget_bias is not None:
            with torch.no_grad():
                module.bias_ih_l0[64:128] = forget_bias
                module.bias_hh_l0[64:128] = 0.0
        with watch(module, probe_size=8) as watching:
            output, _ = module(torch.randn(100, 8, 8))
            output[-1].sum().backward()
        norms = watching.layers["l0"].hidden_grad_norm.log().mean(1).flip(0)
        factors.append(math.exp(float(norms[60] - norms[10]) / 50))
    assert sum(factors) / 3 == pytest.approx(expected, abs=0.03)
