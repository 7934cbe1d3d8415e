"""The LSTM with peepholes against Gers & Schmidhuber's equations, and against nn.LSTM."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from layer_checks import CHECKS, Case, Check, H, I, State, close, normal, parameters, watched
from torch import Tensor, nn

from gradviz.cells import PeepholeLstm
from gradviz.flow import watch


def step(inputs: Tensor, t: int, state: State, w: Mapping[str, Tensor]) -> tuple[Tensor, State]:
    h, c = state
    a = inputs[t] @ w["weight_ih"].T + w["bias_ih"] + h @ w["weight_hh"].T + w["bias_hh"]
    p_i, p_f, p_o = w["peephole"][:H], w["peephole"][H : 2 * H], w["peephole"][2 * H :]
    i = 1 / (1 + torch.exp(-(a[:, :H] + p_i * c)))
    f = 1 / (1 + torch.exp(-(a[:, H : 2 * H] + p_f * c)))
    new = f * c + i * torch.tanh(a[:, 2 * H : 3 * H])
    o = 1 / (1 + torch.exp(-(a[:, 3 * H :] + p_o * new)))
    hidden = o * torch.tanh(new)
    return hidden, (hidden, new)


CASE = Case(lambda size: PeepholeLstm(size, H, dtype=torch.float64), step)


@pytest.mark.parametrize("check", CHECKS)
def test_it_is_the_textbooks(check: Check) -> None:
    check(CASE)


def test_parameters() -> None:
    assert parameters(PeepholeLstm(I, H)) == 4 * H * (I + H + 2) + 3 * H


def twins() -> tuple[PeepholeLstm, nn.LSTM]:
    """Without peepholes, and PyTorch's, with the same weights."""
    ours = PeepholeLstm(I, H, dtype=torch.float64)
    theirs = nn.LSTM(I, H, dtype=torch.float64)
    with torch.no_grad():
        ours.peephole.zero_()
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            theirs.get_parameter(f"{name}_l0").copy_(ours.get_parameter(name))
    return ours, theirs


def test_zero_peepholes_are_an_lstm() -> None:
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
    for name, gate in other.gates.items():
        close(flow.gates[name], gate, rtol=1e-12)
    for one, two in zip(flow.forget_path(), other.forget_path(), strict=True):
        close(one, two, rtol=1e-4)
