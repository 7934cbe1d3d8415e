"""Step Jacobians and their norms against dense ones, the SVD and Pascanu's bound."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from unrolled import CELLS, I, build, dense_jacobians, flow_of

from gradviz.flow import LayerFlow, SpectralStart, watch
from gradviz.flow.jacobian_norms import RENEWAL


def inputs_of(timesteps: int, batch: int, seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(timesteps, batch, I, generator=draw, dtype=torch.float64)


def start_of(name: str, batch: int) -> tuple[Tensor, ...]:
    draw = torch.Generator().manual_seed(9)
    parts = 2 if name == "lstm" else 1
    return tuple(
        torch.randn(1, batch, 5, generator=draw, dtype=torch.float64) for _ in range(parts)
    )


@pytest.mark.parametrize("starts", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_equal_to_autograds_jacobian(name: str, starts: bool) -> None:
    module, inputs = build(name), inputs_of(6, 2)
    state = start_of(name, 2) if starts else None
    hx = state if state is None or name == "lstm" else state[0]
    flow = flow_of(module, inputs, hx)
    expected = dense_jacobians(module, name, inputs, state)
    for t in range(1, 7):
        torch.testing.assert_close(flow.jacobian(t), expected[t - 1], rtol=1e-9, atol=1e-13)
    spectral = torch.linalg.matrix_norm(expected, 2)
    torch.testing.assert_close(flow.jacobian_norm(tolerance=1e-12), spectral, rtol=1e-9, atol=1e-15)
    torch.testing.assert_close(flow.jacobian_norm(), spectral, rtol=1e-4, atol=1e-15)
    frobenius = torch.linalg.matrix_norm(expected)
    torch.testing.assert_close(flow.jacobian_norm("frobenius"), frobenius, rtol=1e-9, atol=0)


def float32_flow(name: str, hidden: int = 32, timesteps: int = 40, batch: int = 4) -> LayerFlow:
    torch.manual_seed(1)
    kind, _, options = CELLS[name]
    module = kind(8, hidden, **options)
    with watch(module) as watching:
        module(torch.randn(timesteps, batch, 8))[0][-1].sum().backward()
    return watching.layers["l0"]


@pytest.mark.parametrize(("tolerance", "error"), [(1e-5, 1e-4), (0.01, 0.01)])
@pytest.mark.parametrize("name", CELLS)
def test_spectral_norm_equals_the_svds_in_float32(
    name: str, tolerance: float, error: float
) -> None:
    flow = float32_flow(name)
    dense = torch.stack([flow.jacobian(t) for t in range(1, 41)]).double()
    expected = torch.linalg.matrix_norm(dense, 2)
    found = flow.jacobian_norm(tolerance=tolerance).double()
    assert float((found / expected - 1).abs().max()) < error


def gain_of(name: str) -> Callable[[nn.RNNBase], None]:
    """Weights whose Jacobians are hard: flat spectra, parts, saturation."""

    def orthogonal(block: Tensor) -> None:
        nn.init.orthogonal_(block)

    def diagonal(block: Tensor) -> None:
        block.copy_(torch.diag(1.5 * torch.rand(len(block))))

    def large(block: Tensor) -> None:
        block.mul_(3)

    each = {"orthogonal": orthogonal, "diagonal": diagonal, "large": large}[name]

    def change(module: nn.RNNBase) -> None:
        with torch.no_grad():
            for block in module.weight_hh_l0.split(module.hidden_size):
                each(block)

    return change


@pytest.mark.parametrize("weights", ["orthogonal", "diagonal", "large"])
@pytest.mark.parametrize("name", ["tanh", "lstm", "gru"])
def test_hard_networks_are_within_one_percent(name: str, weights: str) -> None:
    """All 400; stopped one by one by their residuals, some were up to 9 % wrong."""
    torch.manual_seed(5)
    kind, _, options = CELLS[name]
    module = kind(4, 24, **options)
    gain_of(weights)(module)
    flow, start = flow_of(module, torch.randn(50, 8, 4)), SpectralStart()
    expected = svd_of(flow)
    for _ in range(2):
        found = flow.jacobian_norm(tolerance=0.01, warm=start).double()
        assert float((found / expected - 1).abs().max()) < 0.01


def svd_of(flow: LayerFlow) -> Tensor:
    dense = torch.stack([flow.jacobian(t) for t in range(1, len(flow.hidden) + 1)]).double()
    return torch.linalg.matrix_norm(dense, 2)


@pytest.mark.parametrize("name", ["tanh", "lstm"])
def test_a_rare_event_is_measured_too(name: str) -> None:
    """Three of 800 Jacobians saturate and have little in common with the others.

    They come after the first call, so that what it has learned does not hold for them.
    """
    torch.manual_seed(0)
    kind, _, options = CELLS[name]
    module, start = kind(4, 48, **options), SpectralStart()
    inputs = 0.3 * torch.randn(100, 8, 4)
    flow_of(module, inputs).jacobian_norm(tolerance=0.01, warm=start)
    assert start.overlap is not None, "the others have"
    inputs[37, 3] *= 60
    inputs[70, 5] *= -60
    inputs[71, 5] = 40
    for warm in (start, None):
        flow = flow_of(module, inputs)
        found = flow.jacobian_norm(tolerance=0.01, warm=warm).double()
        assert float((found / svd_of(flow) - 1).abs().max()) < 0.01


def test_a_warm_start_needs_no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    flow = flow_of(nn.RNN(4, 48), 0.3 * torch.randn(100, 8, 4))
    start = SpectralStart()
    cold = flow.jacobian_norm(tolerance=0.01, warm=start)
    assert start.overlap is not None
    monkeypatch.setattr("gradviz.flow.jacobian_norms._Search._learn", None)
    warm = flow.jacobian_norm(tolerance=0.01, warm=start)
    torch.testing.assert_close(warm, cold, rtol=0.01, atol=0)
    monkeypatch.undo()
    for _ in range(RENEWAL):
        flow.jacobian_norm(tolerance=0.01, warm=start)
    assert start.age == 2, "sampled again while the weights change"


def test_a_warm_start_fits_itself_to_the_layer() -> None:
    start = SpectralStart()
    for name, hidden in (("gru", 32), ("lstm", 16), ("lstm", 32), ("tanh", 32)):
        flow = float32_flow(name, hidden, batch=8)
        for probes in (4, 8, None):
            found = flow.jacobian_norm(probes=probes, tolerance=0.01, warm=start)
            expected = flow.jacobian_norm(probes=probes)
            torch.testing.assert_close(found, expected, rtol=0.01, atol=0)


@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_pascanus_bound_holds_at_every_timestep(name: str) -> None:
    flow = flow_of(build(name, hidden=16), inputs_of(50, 3))
    assert flow.jacobian_bound == pytest.approx(
        float(torch.linalg.svdvals(flow.weight_hh)[0]), rel=1e-9
    )
    norms = flow.jacobian_norm(tolerance=1e-12)
    assert float(norms.max()) <= flow.jacobian_bound * (1 + 1e-12)
    assert float(norms.min()) > 0.1 * flow.jacobian_bound


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_a_gated_cell_has_no_bound_and_no_radius(name: str) -> None:
    flow = flow_of(build(name), inputs_of(3, 1))
    assert flow.jacobian_bound is None
    assert flow.spectral_radius is None


def test_pytorchs_default_recurrent_weights() -> None:
    """ρ → 1/√3 and σ_max → 2/√3: the default RNN forgets by its eigenvalues, not its norm."""
    torch.manual_seed(0)
    flows = [flow_of(nn.RNN(2, 256), torch.zeros(2, 1, 2)) for _ in range(8)]
    # Means, for single draws lie up to 0.03 off. ±0.03 for ρ, since of 256 eigenvalues a few
    # lie outside the limit's disc: the largest comes to its limit from above (mean 0.600).
    radius = statistics.mean(flow.spectral_radius for flow in flows)
    assert radius == pytest.approx(1 / math.sqrt(3), abs=0.03)
    norm = statistics.mean(flow.jacobian_bound for flow in flows)
    assert norm == pytest.approx(2 / math.sqrt(3), abs=0.02)


def test_norms_that_float32_cannot_square() -> None:
    """A GRU whose update gate is almost shut: J = z, of 1e-26."""
    module = nn.GRU(2, 4)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.bias_ih_l0[4:8] = -60.0
    norms = flow_of(module, torch.randn(3, 1, 2)).jacobian_norm()
    torch.testing.assert_close(
        norms.double(), torch.full((3, 1), -60.0).double().sigmoid(), rtol=1e-4, atol=0
    )


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_inputs_that_are_not_finite_give_nan_and_no_error(kind: type[nn.RNNBase]) -> None:
    inputs = torch.randn(5, 2, 2)
    inputs[3] = math.nan
    flow = flow_of(kind(2, 4), inputs)
    assert bool(flow.jacobian_norm(tolerance=0.01).isnan().any())
    assert bool(flow.transport_log10(tolerance=0.01).isnan().any())
    assert bool(flow.gradient_horizon(tolerance=0.01).isinf().all())
    assert bool(flow.hidden_grad_norm.isnan().any())


def test_a_dead_relu_network_has_jacobians_of_zero() -> None:
    module = nn.RNN(2, 4, nonlinearity="relu")
    with torch.no_grad():
        module.bias_ih_l0.fill_(-50.0)
    flow = flow_of(module, torch.randn(5, 2, 2))
    assert flow.jacobian_norm().tolist() == [[0.0, 0.0]] * 5
    assert flow.transport_log10()[:, 0].tolist() == [-math.inf] * 4 + [0.0]
    assert flow.gradient_horizon().tolist() == [1.0, 1.0]


def test_the_dear_cost_grows_with_the_network_and_the_probes() -> None:
    small, large = float32_flow("gru", hidden=8), float32_flow("gru", hidden=32)
    assert small.dear_cost() == 4 * small.dear_cost(1)
    assert large.dear_cost(1) > 16 * small.dear_cost(1)
