"""Lyapunov exponents against determinants, known spectra, theory and the transport."""

from __future__ import annotations

import math

import pytest
import torch
from passes import Loop, build, flow_of, flows_of, inputs_of
from torch import Tensor, nn

from gradviz.flow import watch
from gradviz.flow.quantities import lyapunov_exponents


def linear_network(weight: Tensor, timesteps: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Exponents of relu units held active by their bias, whose J is W at every timestep."""
    module = nn.RNN(1, len(weight), nonlinearity="relu", bias=False, dtype=dtype)
    with torch.no_grad():
        module.weight_hh_l0.copy_(weight)
        module.weight_ih_l0.fill_(1.0)
    with watch(module) as watching:
        hidden = module(torch.full((timesteps, 1, 1), 1e3, dtype=dtype))[0]
        hidden.sum().backward()
    assert bool((hidden > 0).all())
    return watching.layers["l0"].lyapunov_exponents()[0]


@pytest.mark.parametrize("name", ["tanh", "lstm", "gru"])
def test_the_sum_is_the_mean_log_determinant(name: str) -> None:
    module, inputs = build(name), inputs_of(7, 2)
    flow, loop = flow_of(module, inputs), Loop(module, inputs)
    found = flow.lyapunov_exponents()
    # ∂s_1/∂s_0 is not in the loop's graph.
    first = torch.linalg.slogdet(flow.jacobian(1)).logabsdet
    for b in range(2):
        later = [torch.linalg.slogdet(loop.transport(t + 1, t, b)).logabsdet for t in range(6)]
        expected = float(first[b] + sum(later)) / 7
        assert float(found[b].sum()) == pytest.approx(expected, rel=1e-9)
    assert found.shape == (2, flow.state_size)
    assert bool((found.diff() <= 0).all())


@pytest.mark.parametrize("name", ["tanh", "lstm", "gru"])
def test_each_sequence_of_a_packed_batch_has_its_own_timesteps(name: str) -> None:
    module, inputs, lengths = build(name, bidirectional=True), inputs_of(6, 3), [6, 4, 3]
    for flow in flows_of(module, inputs, lengths).values():
        found = flow.lyapunov_exponents()
        for b, length in enumerate(lengths):
            steps = [flow.jacobian(t)[b] for t in range(1, length + 1)]
            logs = [float(torch.linalg.slogdet(step).logabsdet) for step in steps]
            assert float(found[b].sum()) == pytest.approx(sum(logs) / length, rel=1e-9)


@pytest.mark.parametrize("rho", [0.9, 1.0, 1.1])
def test_an_orthogonal_network_grows_alike_in_all_directions(rho: float) -> None:
    """A matrix of positive entries that is ρ times orthogonal: a permutation."""
    found = linear_network(rho * torch.eye(6)[[2, 0, 1, 5, 3, 4]].double(), 60)
    torch.testing.assert_close(found, torch.full_like(found, math.log(rho)), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_five_thousand_timesteps_whose_product_no_float_holds(dtype: torch.dtype) -> None:
    """The plain product's entries are 1e-2000 or less; the exponents are ln of the diagonal."""
    diagonal = torch.tensor([0.1, 0.4, 0.2, 0.3])
    found = linear_network(diagonal.diag(), 5000, dtype)
    expected = diagonal.to(dtype).double().log().sort(descending=True).values
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=0)
    assert float(5000 * found.max() / math.log(10)) < -1900


@pytest.mark.parametrize(
    ("gain", "expected"),
    [(0.5, math.log(0.5)), (1.5, 0.065), (2, 0.155), (3, 0.310), (5, 0.545)],
)
def test_the_random_network_of_sompolinsky(gain: float, expected: float) -> None:
    """The map x ← g J tanh(x), J ~ N(0, 1/N), N = 400; h = tanh(x) has the same exponents."""
    size, timesteps = 400, 1000
    draw = torch.Generator().manual_seed(1)
    module = nn.RNN(1, size, bias=False)
    with torch.no_grad():
        module.weight_hh_l0.copy_(gain * torch.randn(size, size, generator=draw) / size**0.5)
    zeros = torch.zeros(timesteps, 1, 1)
    start = torch.rand(1, 1, size, generator=draw) - 0.5
    if gain > 1:
        start = module(zeros[:200], start)[1].detach()
    with watch(module) as watching:
        module(zeros, start)[0][-1].sum().backward()
    found = watching.layers["l0"].lyapunov_exponents(count=1)
    assert found.shape == (1, 1)
    assert float(found) == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("name", ["tanh", "lstm", "gru"])
def test_few_decompositions_find_what_one_a_timestep_finds(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = flow_of(build(name, 24, dtype=torch.float32), inputs_of(60, 3).float())
    seen = []
    plain = torch.linalg.qr
    monkeypatch.setattr(torch.linalg, "qr", lambda *args: seen.append(1) or plain(*args))
    few, count = flow.lyapunov_exponents(), len(seen)
    monkeypatch.setattr(lyapunov_exponents, "STRIDE", 1)
    every = flow.lyapunov_exponents()
    torch.testing.assert_close(few, every, rtol=0, atol=1e-9)
    if name != "lstm":
        assert count < (len(seen) - count) / 2
    assert flow.lyapunov_exponents(count=5).shape == (3, 5)


def test_a_sudden_spread_between_two_decompositions_is_noticed() -> None:
    """J is 0.9 I for 40 timesteps and then has a unit 1e-8 of the other."""
    module = build("tanh", 2, bias=False)
    with torch.no_grad():
        module.weight_hh_l0.copy_(0.9 * torch.eye(2))
        module.weight_ih_l0.zero_()
        module.weight_ih_l0[1, 0] = 1.0
    inputs = torch.zeros(60, 1, 3, dtype=torch.float64)
    inputs[40:, 0, 0] = 9.0
    flow = flow_of(module, inputs)
    slopes = torch.stack([flow.jacobian(t)[0].diagonal() for t in range(1, 61)])
    assert float(slopes.min()) < 1e-7
    expected = slopes.log().mean(0)
    torch.testing.assert_close(flow.lyapunov_exponents()[0], expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", ["tanh", "lstm", "gru"])
def test_the_first_agrees_with_the_norm_of_the_product(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = flow_of(build(name, 16), inputs_of(80, 8))
    steps = [flow.jacobian(t) for t in range(1, 81)]
    product, logs = steps[0], torch.zeros(8, dtype=torch.float64)
    for step in steps[1:]:
        product = step @ product
        size = torch.linalg.matrix_norm(product, 2)
        product, logs = product / size[:, None, None], logs + size.log()
    expected = logs / 80
    found = flow.lyapunov_exponents(count=1)[:, 0]
    assert float((expected - found).median()) < 0.001
    monkeypatch.setattr(lyapunov_exponents, "ALIGN", 0)
    unaligned = flow.lyapunov_exponents(count=1)[:, 0]
    assert float((expected - unaligned).median()) > 0.01


def test_as_many_are_minus_infinity_as_the_rank_falls_short() -> None:
    """A dead relu unit; and h of an LSTM of zero weights, whose c alone goes on."""
    module = build("relu", 4)
    with torch.no_grad():
        module.bias_ih_l0.fill_(5.0)
        module.bias_ih_l0[1] = -100.0
    found = flow_of(module, inputs_of(20, 2)).lyapunov_exponents()
    assert (found == -math.inf).sum(-1).tolist() == [1, 1]
    assert bool(found[:, :3].isfinite().all())
    lstm = build("lstm", 3)
    with torch.no_grad():
        for parameter in lstm.parameters():
            parameter.zero_()
        lstm.bias_ih_l0[3:6] = 2.0
    found = flow_of(lstm, inputs_of(30, 1)).lyapunov_exponents()[0]
    # c goes on by σ(2), and at the end is shown by h_T = c_T/2 as well.
    kept = math.log(1 / (1 + math.exp(-2))) + math.log(1.25) / 60
    assert found[3:].tolist() == 3 * [-math.inf]
    assert found[:3].tolist() == pytest.approx(3 * [kept], rel=1e-9)


def test_numbers_that_are_not_finite_give_nan_and_no_error() -> None:
    module, inputs = build("gru"), inputs_of(5, 2)
    inputs[2, 0] = math.nan
    found = flow_of(module, inputs).lyapunov_exponents()
    assert bool(found[0].isnan().all())
    assert bool(found[1].isfinite().all())


@pytest.mark.parametrize("count", [0, 5])
def test_a_count_out_of_range_gets_a_sentence(count: int) -> None:
    flow = flow_of(build("tanh"), inputs_of(3, 1))
    with pytest.raises(ValueError, match=rf"^count must be 1…4, or None for all, got {count}\.$"):
        flow.lyapunov_exponents(count=count)
