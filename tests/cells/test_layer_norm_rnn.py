"""The plain RNN and the GRU with layer normalisation against Ba, Kiros & Hinton's equations."""

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
from torch import Tensor

from gradviz.cells import LayerNormGru, LayerNormRnn, RecurrentLayer
from gradviz.config import CELLS


def ln(z: Tensor, gain: Tensor | float = 1.0, bias: Tensor | float = 0.0) -> Tensor:
    centred = z - z.sum(-1, keepdim=True) / z.shape[-1]
    variance = (centred * centred).sum(-1, keepdim=True) / z.shape[-1]
    return centred / torch.sqrt(variance + 1e-5) * gain + bias


def rnn_step(inputs: Tensor, t: int, state: State, w: Mapping[str, Tensor]) -> tuple[Tensor, State]:
    """Equation 4, with [x, h] as one vector."""
    both = torch.cat([w["weight_ih"], w["weight_hh"]], 1)
    a = torch.cat([inputs[t], state[0]], 1) @ both.T
    h = torch.tanh(ln(a, w["gain"], w["bias"]))
    return h, (h,)


def gru_step(inputs: Tensor, t: int, state: State, w: Mapping[str, Tensor]) -> tuple[Tensor, State]:
    """With the paper's own z, which is what is new."""
    (h,) = state

    def of(side: str, values: Tensor, rows: slice) -> Tensor:
        weight, gain, bias = (w[f"{part}_{side}"][rows] for part in ("weight", "gain", "bias"))
        return ln(values @ weight.T, gain, bias)

    gates, candidate = slice(2 * H), slice(2 * H, 3 * H)
    a = of("ih", inputs[t], gates) + of("hh", h, gates)
    r, z = 1 / (1 + torch.exp(-a[:, :H])), 1 / (1 + torch.exp(a[:, H:]))
    tilde = torch.tanh(of("ih", inputs[t], candidate) + r * of("hh", h, candidate))
    new = (1 - z) * h + z * tilde
    return new, (new,)


def drawn(kind: type[LayerNormRnn | LayerNormGru], size: int) -> RecurrentLayer:
    """With gains and biases that all differ."""
    layer = kind(size, H, dtype=torch.float64)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            if not name.startswith("weight"):
                parameter.add_(torch.rand_like(parameter) - 0.5)
    return layer


# The norms undo small weights: they need not forget.
RNN = Case(lambda size: drawn(LayerNormRnn, size), rnn_step, vanishes=False)
GRU = Case(lambda size: drawn(LayerNormGru, size), gru_step, vanishes=False)


@pytest.mark.parametrize("case", [RNN, GRU], ids=["rnn", "gru"])
@pytest.mark.parametrize("check", CHECKS)
def test_it_is_the_textbooks(case: Case, check: Check) -> None:
    check(case)


def test_parameters() -> None:
    """A gain and a bias a unit; of the GRU for each row of both products."""
    assert parameters(LayerNormRnn(I, H)) == 5 * (4 + 5) + 2 * 5 == 55
    assert parameters(LayerNormGru(I, H)) == 3 * 5 * (4 + 5) + 4 * 15 == 195


@pytest.mark.parametrize("kind", [LayerNormRnn, LayerNormGru])
def test_gains_start_at_one_and_biases_at_zero(kind: type[RecurrentLayer]) -> None:
    for name, each in kind(I, H).named_parameters():
        if "weight" not in name:
            assert bool((each == (1 if "gain" in name else 0)).all())


@pytest.mark.parametrize("case", [RNN, GRU], ids=["rnn", "gru"])
def test_the_size_of_the_weights_does_not_count(case: Case) -> None:
    """Of both matrices together; so large that ε does not count either."""
    layer, inputs = layer_of(case), normal(9, 2, I)
    start = (normal(2, H, seed=1),)
    flows = []
    for factor in (1000.0, 7.0):
        with torch.no_grad():
            for name in ("weight_ih", "weight_hh"):
                layer.get_parameter(name).mul_(factor)
        flows.append(watched(layer, inputs, start)[0]["l0"])
    one, two = flows
    close(two.hidden, one.hidden, rtol=1e-4)
    close(two.jacobian(5), one.jacobian(5), rtol=1e-4)
    close(two.weight_grad(), one.weight_grad() / 7, rtol=1e-4)


def test_the_rnns_jacobian_ends_what_moves_all_units_alike() -> None:
    """1ᵀ N = 0: nothing of J_tᵀ v for v that the slopes and gains make the same in every unit."""
    layer = layer_of(RNN)
    flow = watched(layer, normal(9, 2, I), None)[0]["l0"]
    slope = (1 - flow.hidden**2) * layer.get_parameter("gain").detach()
    assert float(flow.steps.vjp((1 / slope,))[0].abs().max()) < 1e-12
    assert flow.jacobian_bound is None
    assert not CELLS["layer_norm_rnn"].is_plain


def test_what_the_grus_update_gate_keeps_and_the_rest_make_the_jacobian() -> None:
    flow = watched(layer_of(GRU), normal(9, 2, I), None)[0]["l0"]
    split, z = flow.update_leak(), flow.gates["update"]
    close(split.kept, z.amax(-1))
    rest = torch.stack([flow.jacobian(t + 1) - z[t].diag_embed() for t in range(9)])
    close(split.rest, torch.linalg.matrix_norm(rest, 2), rtol=1e-4)
