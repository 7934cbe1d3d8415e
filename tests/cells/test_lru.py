"""The LRU against Orvieto et al.'s complex equations; its Jacobians in closed form."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
import torch
from layer_checks import (
    CHECKS,
    Case,
    Check,
    H,
    I,
    State,
    close,
    normal,
    parameters,
    seeded,
    watched,
)
from torch import Tensor

from gradviz.cells import Lru


def step(inputs: Tensor, t: int, state: State, w: Mapping[str, Tensor]) -> tuple[Tensor, State]:
    """In complex numbers; the state is [Re x; Im x]."""
    u, x = inputs[t], state[0][:, :H] + 1j * state[0][:, H:]
    eigenvalues = torch.exp(-torch.exp(w["nu_log"]) + 1j * torch.exp(w["theta_log"]))
    b = w["weight_ih"][:H] + 1j * w["weight_ih"][H:]
    c = w["weight_ho"][:, :H] + 1j * w["weight_ho"][:, H:]
    x = eigenvalues * x + torch.exp(w["gamma_log"]) * ((u + 0j) @ b.T)
    carried = torch.cat([x.real, x.imag], -1)
    x = carried[:, :H] + 1j * carried[:, H:]
    return (x @ c.T).real + u @ w["weight_skip"].T, (carried,)


# |λ| = e^(−e^ν) is no smaller for small ν.
CASE = Case(lambda size: Lru(size, H, dtype=torch.float64), step, vanishes=False)


@pytest.mark.parametrize("check", CHECKS)
def test_it_is_the_textbooks(check: Check) -> None:
    check(CASE)


def test_parameters() -> None:
    # By hand, I = 4, H = 5: ν, θ, γ; B and C of complex numbers; D.
    assert parameters(Lru(I, H)) == 3 * 5 + 2 * 20 + 2 * 25 + 20 == 125


def eigenvalues(layer: Lru) -> Tensor:
    nu, theta = layer.nu_log.detach(), layer.theta_log.detach()
    return torch.exp(torch.complex(-nu.exp(), theta.exp()))


def test_every_jacobian_is_the_same_rotations() -> None:
    layer = seeded(lambda: Lru(I, H, dtype=torch.float64))
    flow = watched(layer, normal(9, 3, I), None)[0]["l0"]
    values = eigenvalues(layer)
    expected = torch.zeros(2 * H, 2 * H, dtype=torch.float64)
    for unit, value in enumerate(values.tolist()):
        expected[unit, unit] = expected[unit + H, unit + H] = value.real
        expected[unit + H, unit], expected[unit, unit + H] = value.imag, -value.imag
    for t in range(1, 10):
        close(flow.jacobian(t), expected.expand(3, -1, -1))
    found = flow.jacobian_eigenvalues(4)[0]
    both = torch.cat([values, values.conj()])
    gaps = (found[:, None] - both).abs().amin(1)
    assert float(gaps.max()) < 1e-12
    close(flow.jacobian_norm(), values.abs().max().expand(9, 3), rtol=1e-5)


def test_its_transport_is_a_power() -> None:
    """‖∂x_T/∂x_{T−k}‖ = max |λ|^k; the exponents are ln |λ|, each twice."""
    layer = seeded(lambda: Lru(I, 16, (0.0, 0.95), dtype=torch.float64))
    flow = watched(layer, normal(120, 2, I), None)[0]["l0"]
    sizes = eigenvalues(layer).abs()
    lags = torch.arange(119, -1, -1, dtype=torch.float64)
    expected = lags * sizes.max().log10()
    transport = flow.transport_log10()
    torch.testing.assert_close(transport, expected[:, None].expand(-1, 2), rtol=1e-6, atol=1e-6)
    frobenius = (2 * (sizes ** (2 * lags[:, None])).sum(-1)).log10() / 2
    found = flow.transport_log10("frobenius")[:, 0]
    torch.testing.assert_close(found, frobenius, rtol=1e-6, atol=1e-6)
    horizon = math.ceil(-1 / float(sizes.max().log()))
    assert flow.gradient_horizon().tolist() == [horizon, horizon]
    exponents = flow.lyapunov_exponents()[0]
    # One by one only as T → ∞: the start is no eigenvector; their sum at any T.
    twice = sizes.log().repeat_interleave(2).sort(descending=True).values
    torch.testing.assert_close(exponents, twice, rtol=0, atol=0.05)
    assert float(exponents.sum()) == pytest.approx(float(twice.sum()), rel=1e-9)


def test_its_eigenvalues_start_on_the_ring() -> None:
    layer = seeded(lambda: Lru(I, 4000, (0.9, 0.99), dtype=torch.float64))
    values = eigenvalues(layer)
    squares = values.abs().square()
    assert 0.9 <= float(values.abs().min()) < 0.901
    assert 0.989 < float(values.abs().max()) <= 0.99
    # Uniform in area: |λ|² is, and the phase.
    assert float(squares.mean()) == pytest.approx((0.81 + 0.9801) / 2, abs=0.004)
    quarters = torch.histc(values.angle(), 4, -math.pi, math.pi)
    assert 900 < float(quarters.min()) <= float(quarters.max()) < 1100
    close(layer.gamma_log.detach().exp().square(), 1 - squares, rtol=1e-9)


def test_gamma_gives_every_unit_the_size_of_its_input() -> None:
    layer = seeded(lambda: Lru(32, 300, (0.5, 0.99), dtype=torch.float64))
    flow = watched(layer, normal(1500, 4, 32), None)[0]["l0"]
    late = flow.hidden[500:].square().mean((0, 1))
    variance = late[:300] + late[300:]
    # B u has variance 1: E|x|² = γ²·1/(1 − |λ|²).
    assert float(variance.mean()) == pytest.approx(1, abs=0.1)
    assert float(variance.min()) > 0.2


def test_it_is_linear() -> None:
    layer = seeded(lambda: Lru(I, H, dtype=torch.float64))
    one, two = normal(9, 2, I, seed=1), normal(9, 2, I, seed=2)
    close(layer(2 * one - two)[0], 2 * layer(one)[0] - layer(two)[0], rtol=1e-9)


@pytest.mark.parametrize("ring", [(0.5, 0.5), (-0.1, 0.9), (0.9, 1.1)])
def test_a_ring_that_cannot_be_gets_a_sentence(ring: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"^ring must be 0 ≤ r_min < r_max ≤ 1, got .* and .*\.$"):
        Lru(I, H, ring)
