"""The LSTM with layer normalisation against Ba, Kiros & Hinton's equations 15 and 20–22."""

from __future__ import annotations

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
    layer_of,
    normal,
    parameters,
    watched,
)
from torch import Tensor, nn

from gradviz.cells import LayerNormLstm, MemoryLinearisation
from gradviz.cells.layer_norm import EPSILON, normalised
from gradviz.cells.layer_norm_lstm import LayerNormLstmLinearisation


def ln(z: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    centred = z - z.sum(-1, keepdim=True) / z.shape[-1]
    variance = (centred * centred).sum(-1, keepdim=True) / z.shape[-1]
    return centred / torch.sqrt(variance + 1e-5) * gain + bias


def step(inputs: Tensor, t: int, state: State, w: Mapping[str, Tensor]) -> tuple[Tensor, State]:
    h, c = state
    a = ln(h @ w["weight_hh"].T, w["gain_hh"], w["bias_hh"])
    a = a + ln(inputs[t] @ w["weight_ih"].T, w["gain_ih"], w["bias_ih"])
    i, f, o = (1 / (1 + torch.exp(-a[:, H * k : H * (k + 1)])) for k in (0, 1, 3))
    new = f * c + i * torch.tanh(a[:, 2 * H : 3 * H])
    hidden = o * torch.tanh(ln(new, w["cell_gain"], w["cell_bias"]))
    return hidden, (hidden, new)


def drawn(size: int) -> LayerNormLstm:
    """With gains and biases that all differ."""
    layer = LayerNormLstm(size, H, dtype=torch.float64)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            if not name.startswith("weight"):
                parameter.add_(torch.rand_like(parameter) - 0.5)
    return layer


# The norms undo small weights: it need not forget.
CASE = Case(drawn, step, vanishes=False)


@pytest.mark.parametrize("check", CHECKS)
def test_it_is_the_textbooks(check: Check) -> None:
    check(CASE)


def test_parameters() -> None:
    """Four gates; two gains and two biases of 4H each, and of H each."""
    assert parameters(LayerNormLstm(I, H)) == 4 * 5 * (4 + 5) + 4 * 20 + 2 * 5 == 270


def test_gains_start_at_one_and_biases_at_zero() -> None:
    layer = LayerNormLstm(I, H)
    for name, each in layer.named_parameters():
        if "weight" not in name:
            assert bool((each == (1 if "gain" in name else 0)).all())
        else:
            assert 0.3 / H**0.5 < float(each.detach().std()) < 1 / H**0.5


def test_the_norms_jacobian_is_autograds_of_nn_layer_norm() -> None:
    norm = nn.LayerNorm(7, eps=EPSILON, elementwise_affine=False, dtype=torch.float64)
    u, v = 3 * normal(7, seed=1) + 2, normal(7, seed=2)
    jacobian = torch.autograd.functional.jacobian(norm, u)
    close(normalised(u).values, norm(u))
    close(normalised(u).product(v), jacobian @ v)
    close(normalised(u).product(v), jacobian.T @ v)


def test_the_size_of_the_recurrent_weights_does_not_count() -> None:
    """Section 5.1's invariance; weights so large that ε does not count either.

    So the gradient stands upright on the weights, and falls as they grow.
    """
    layer = layer_of(CASE)
    inputs, start = normal(9, 2, I), (normal(2, H, seed=1), normal(2, H, seed=2))
    with torch.no_grad():
        layer.weight_hh.mul_(1000)
    flow = watched(layer, inputs, start)[0]["l0"]
    weight, grad = layer.weight_hh.detach().clone(), flow.weight_grad()
    assert abs(float((weight * grad).sum())) < 1e-6 * float(weight.norm() * grad.norm())
    with torch.no_grad():
        layer.weight_hh.mul_(7)
    larger = watched(layer, inputs, start)[0]["l0"]
    close(larger.hidden, flow.hidden, rtol=1e-4)
    close(larger.jacobian(5), flow.jacobian(5), rtol=1e-4)
    close(larger.weight_grad(), grad / 7, rtol=1e-4)


def test_the_memorys_mean_and_size_do_not_reach_the_output() -> None:
    layer = layer_of(CASE)
    flow = watched(layer, normal(9, 2, I), None)[0]["l0"]
    assert flow.cell is not None
    steps = flow.steps
    assert isinstance(steps, MemoryLinearisation)
    ones = torch.ones_like(flow.cell)
    assert float(steps.hidden_of_cell(ones).abs().max()) < 1e-12
    assert float(steps.hidden_of_cell(flow.cell).abs().max()) < 1e-2
    assert float(steps.hidden_of_cell(normal(9, 2, H)).abs().max()) > 0.1


def test_a_state_of_zero_has_a_jacobian_of_one_over_root_epsilon() -> None:
    """The spread of W h is 0 there, so √ε is what is divided by."""
    layer = layer_of(CASE)
    flow = watched(layer, normal(4, 1, I), None)[0]["l0"]
    assert isinstance(flow.steps, LayerNormLstmLinearisation)
    first, later = flow.steps.recurrent.inverse[0], flow.steps.recurrent.inverse[2]
    close(first, torch.full_like(first, 1e-5**-0.5))
    assert float(later) < 30
    assert float(flow.jacobian_norm()[0]) > 10 * float(flow.jacobian_norm()[2])
