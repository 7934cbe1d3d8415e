"""A fused operation as a layer of a Stack: PyTorch's numbers, and the textbook's gradients."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from layer_checks import CHECKS, Case, Check, H, I, State, close, normal, seeded
from torch import Tensor, nn

from gradviz.cells import FusedGru, FusedLstm, FusedRnn, RecurrentLayer, Stack

Weights = Mapping[str, Tensor]


def halves(x: Tensor, state: State, w: Weights) -> tuple[Tensor, Tensor]:
    return x @ w["weight_ih"].T + w["bias_ih"], state[0] @ w["weight_hh"].T + w["bias_hh"]


def rnn(inputs: Tensor, t: int, state: State, w: Weights) -> tuple[Tensor, State]:
    h = torch.tanh(sum(halves(inputs[t], state, w)))
    return h, (h,)


def relu(inputs: Tensor, t: int, state: State, w: Weights) -> tuple[Tensor, State]:
    h = sum(halves(inputs[t], state, w)).clamp(min=0)
    return h, (h,)


def lstm(inputs: Tensor, t: int, state: State, w: Weights) -> tuple[Tensor, State]:
    i, f, g, o = sum(halves(inputs[t], state, w)).chunk(4, -1)
    c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    return h, (h, c)


def gru(inputs: Tensor, t: int, state: State, w: Weights) -> tuple[Tensor, State]:
    into, back = (each.chunk(3, -1) for each in halves(inputs[t], state, w))
    r, z = (into[0] + back[0]).sigmoid(), (into[1] + back[1]).sigmoid()
    n = (into[2] + r * back[2]).tanh()
    h = (1 - z) * n + z * state[0]
    return h, (h,)


DOUBLE = torch.float64
CASES = {
    "tanh": Case(lambda size: FusedRnn(size, H, "tanh", dtype=DOUBLE), rnn),
    "relu": Case(lambda size: FusedRnn(size, H, "relu", dtype=DOUBLE), relu, vanishes=False),
    "lstm": Case(lambda size: FusedLstm(size, H, dtype=DOUBLE), lstm),
    "gru": Case(lambda size: FusedGru(size, H, dtype=DOUBLE), gru),
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", CASES)
def test_it_is_the_textbooks(name: str, check: Check) -> None:
    check(CASES[name])


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda size: FusedRnn(size, H), lambda: nn.RNN(I, H, 2, bidirectional=True)),
        (lambda size: FusedLstm(size, H), lambda: nn.LSTM(I, H, 2, bidirectional=True)),
        (lambda size: FusedGru(size, H), lambda: nn.GRU(I, H, 2, bidirectional=True)),
    ],
)
def test_a_seed_gives_pytorchs_own_weights_and_outputs(make: object, kind: object) -> None:
    theirs = seeded(kind)
    ours = seeded(lambda: Stack(make, I, 2, bidirectional=True))
    for one, two in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one, two)
    inputs = normal(7, 3, I).float()
    torch.testing.assert_close(ours(inputs)[0], theirs(inputs)[0])


def test_a_state_goes_in_and_out() -> None:
    layer: RecurrentLayer = FusedLstm(I, H, dtype=DOUBLE)
    inputs = normal(8, 2, I)
    whole, last = layer(inputs)
    first, middle = layer(inputs[:3])
    second, end = layer(inputs[3:], middle)
    close(torch.cat([first, second]), whole, rtol=1e-12)
    for one, two in zip(last, end, strict=True):
        close(one, two, rtol=1e-12)
