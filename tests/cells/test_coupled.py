"""The LSTM with coupled gates against Greff et al.'s equations, and against nn.LSTM."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from layer_checks import CHECKS, Case, Check, H, I, State, close, normal, parameters, watched
from torch import Tensor, nn

from gradviz.cells import CoupledLstm
from gradviz.flow import watch


def step(inputs: Tensor, t: int, state: State, w: Mapping[str, Tensor]) -> tuple[Tensor, State]:
    h, c = state
    a = inputs[t] @ w["weight_ih"].T + w["bias_ih"] + h @ w["weight_hh"].T + w["bias_hh"]
    i = 1 / (1 + torch.exp(-a[:, :H]))
    f = 1 - i
    new = f * c + i * torch.tanh(a[:, H : 2 * H])
    hidden = torch.tanh(new) / (1 + torch.exp(-a[:, 2 * H :]))
    return hidden, (hidden, new)


CASE = Case(lambda size: CoupledLstm(size, H, dtype=torch.float64), step)


@pytest.mark.parametrize("check", CHECKS)
def test_it_is_the_textbooks(check: Check) -> None:
    check(CASE)


def test_parameters() -> None:
    """Three gates of H(I + H) weights and two biases of H."""
    assert parameters(CoupledLstm(I, H)) == 3 * (5 * 4 + 5 * 5 + 5 + 5) == 165


def twins() -> tuple[CoupledLstm, nn.LSTM]:
    """Ours, and PyTorch's whose forget rows are the input rows times −1."""
    ours = CoupledLstm(I, H, dtype=torch.float64)
    theirs = nn.LSTM(I, H, dtype=torch.float64)
    with torch.no_grad():
        for name, each in ours.named_parameters():
            i, g, o = each.chunk(3)
            theirs.get_parameter(f"{name}_l0").copy_(torch.cat([i, -i, g, o]))
    return ours, theirs


def test_it_is_an_lstm_with_negated_forget_rows() -> None:
    ours, theirs = twins()
    inputs = normal(20, 3, I)
    flow = watched(ours, inputs, None)[0]["l0"]
    with watch(theirs) as watching:
        output, (h, c) = theirs(inputs)
        close(ours(inputs)[0], output, rtol=1e-12)
        (output.sum() + h.sum() + c.sum()).backward()
    other = watching.layers["l0"]
    close(flow.jacobian(7), other.jacobian(7))
    close(flow.transport_log10(), other.transport_log10(), rtol=1e-5)
    close(flow.cell_transport_log10(), other.cell_transport_log10(), rtol=1e-5)
    close(flow.forget_product_log10(), other.forget_product_log10())
    for name, gate in other.gates.items():
        close(flow.gates[name], gate, rtol=1e-12)
    for one, two in zip(flow.forget_path(), other.forget_path(), strict=True):
        close(one, two, rtol=1e-4)


def test_what_is_written_is_what_is_forgotten() -> None:
    flow = watched(CoupledLstm(I, H, dtype=torch.float64), 3 * normal(30, 2, I), None)[0]["l0"]
    close(flow.gates["forget"] + flow.gates["input"], torch.ones(30, 2, H, dtype=torch.float64))
    assert flow.cell is not None
    assert 0.3 < float(flow.cell.abs().max()) < 1


@pytest.mark.parametrize(("bias", "kept"), [(40.0, 1.0), (-40.0, 0.0)])
def test_a_shut_input_gate_keeps_and_an_open_one_overwrites(bias: float, kept: float) -> None:
    layer = CoupledLstm(I, H, dtype=torch.float64)
    gate, sign = layer.forget_gate or ("", 0)
    with torch.no_grad():
        first = layer.gates.index(gate) * H
        layer.bias_ih[first : first + H] = sign * bias
    start = (normal(2, H, seed=1), normal(2, H, seed=2))
    flow = watched(layer, normal(9, 2, I), start)[0]["l0"]
    assert flow.cell is not None
    close(flow.cell, kept * start[1] + (1 - kept) * flow.gates["candidate"])
    close(flow.forget_path().kept, torch.full((9, 2), kept, dtype=torch.float64))
