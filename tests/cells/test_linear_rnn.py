"""The linear RNN: J = W, and what follows of it in closed form."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from layer_checks import CHECKS, Case, Check, H, I, State, close, normal, parameters, watched
from torch import Tensor

from gradviz.cells import LinearRnn


def step(inputs: Tensor, t: int, state: State, w: Mapping[str, Tensor]) -> tuple[Tensor, State]:
    h = inputs[t] @ w["weight_ih"].T + state[0] @ w["weight_hh"].T + w["bias"]
    return h, (h,)


CASE = Case(lambda size: LinearRnn(size, H, dtype=torch.float64), step)


@pytest.mark.parametrize("check", CHECKS)
def test_it_is_the_textbooks(check: Check) -> None:
    check(CASE)


def test_parameters() -> None:
    # By hand, I = 4, H = 5: U, W and one bias.
    assert parameters(LinearRnn(I, H)) == 20 + 25 + 5


@pytest.mark.parametrize(("rho", "expected"), [(0.9, 1.797010e-3), (1.1, 304.48164)])
def test_scaled_orthogonal_weights_give_a_power(rho: float, expected: float) -> None:
    """‖∂h_T/∂h_0‖ = ρ^60, from h_0 and between two timesteps 60 apart."""
    layer = LinearRnn(3, 16, dtype=torch.float64)
    with torch.no_grad():
        layer.weight_hh.copy_(rho * torch.linalg.qr(normal(16, 16))[0])
    inputs = normal(61, 1, 3)
    flow = watched(layer, inputs, None)[0]["l0"]
    assert 10 ** float(flow.transport_log10()[0]) == pytest.approx(expected, rel=1e-6)

    def last(start: Tensor) -> Tensor:
        return layer(inputs[:60], (start[None],))[1][0][0]

    whole = torch.autograd.functional.jacobian(last, torch.zeros(16, dtype=torch.float64))
    assert float(torch.linalg.matrix_norm(whole, 2)) == pytest.approx(expected, rel=1e-6)
    assert flow.jacobian_bound == pytest.approx(rho)
    assert flow.spectral_radius == pytest.approx(rho)


def test_every_jacobian_is_w() -> None:
    layer = LinearRnn(I, H, dtype=torch.float64)
    flow = watched(layer, normal(7, 2, I), None)[0]["l0"]
    for t in range(1, 8):
        close(flow.jacobian(t), layer.weight_hh.detach().expand(2, -1, -1), rtol=0)


def test_non_normal_weights_let_it_grow_first() -> None:
    """W = [[.9, 10], [0, .9]]: ρ = 0.9, and yet ‖W^k‖ peaks at 38.7459 for k = 9."""
    layer = LinearRnn(1, 2, dtype=torch.float64)
    with torch.no_grad():
        layer.weight_hh.copy_(torch.tensor([[0.9, 10], [0, 0.9]]))
    flow = watched(layer, normal(80, 1, 1), None)[0]["l0"]
    by_lag = 10 ** flow.transport_log10()[:, 0].flip(0)
    assert float(by_lag[1]) == pytest.approx(10.0804, abs=1e-4)
    assert int(by_lag.argmax()) == 9
    assert float(by_lag[9]) == pytest.approx(38.7459, abs=1e-4)
    assert int((by_lag[1:] < 1).nonzero()[0]) + 1 == 63
    assert flow.spectral_radius == pytest.approx(0.9)
