"""The QRNN with fo-pooling against Bradbury et al.'s equations; its Jacobian is diag(f)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from layer_checks import (
    CHECKS,
    B,
    Case,
    Check,
    H,
    I,
    State,
    T,
    close,
    layer_of,
    normal,
    parameters,
    seeded,
    starts,
    watched,
)
from torch import Tensor

from gradviz.cells import Qrnn, Stack, of_another


def case_of(width: int) -> Case:
    def step(inputs: Tensor, t: int, state: State, w: Mapping[str, Tensor]) -> tuple[Tensor, State]:
        a, size = w["bias"], inputs.shape[-1]
        for lag in range(min(width, t + 1)):
            a = a + inputs[t - lag] @ w["weight_ih"][:, lag * size : (lag + 1) * size].T
        z = torch.tanh(a[:, :H])
        f, o = (1 / (1 + torch.exp(-each)) for each in (a[:, H : 2 * H], a[:, 2 * H :]))
        c = f * state[0] + (1 - f) * z
        return o * c, (c,)

    return Case(lambda size: Qrnn(size, H, width, dtype=torch.float64), step)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("width", [1, 2, 3, T + 2])
def test_it_is_the_textbooks(width: int, check: Check) -> None:
    check(case_of(width))


@pytest.mark.parametrize(("width", "expected"), [(1, 75), (2, 135), (3, 195)])
def test_parameters(width: int, expected: int) -> None:
    # By hand: 3·5 rows of 4 numbers for each of the inputs read, and 3·5 biases.
    assert parameters(Qrnn(I, H, width)) == expected == 15 * (4 * width + 1)


def test_two_inputs_are_read_by_default() -> None:
    assert Qrnn(I, H).weight_ih.shape == (3 * H, 2 * I)


def test_the_jacobian_is_diag_f_to_the_bit() -> None:
    layer, inputs = layer_of(case_of(2)), normal(T, B, I)
    flow = watched(layer, inputs, starts([layer])[0])[0]["l0"]
    for t in range(T):
        assert torch.equal(flow.jacobian(t + 1), torch.diag_embed(flow.gates["forget"][t]))
    close(flow.jacobian_norm(), flow.gates["forget"].amax(-1), rtol=1e-5)


def test_the_product_of_the_forget_gates_is_the_transport() -> None:
    """As it is not of an LSTM."""
    layer, inputs = layer_of(case_of(2)), normal(40, B, I)
    flow = watched(layer, inputs, None)[0]["l0"]
    f = flow.gates["forget"]
    products = torch.stack([f[t + 1 :].prod(0).amax(-1) for t in range(40)])
    torch.testing.assert_close(flow.transport_log10(), products.log10(), rtol=0, atol=1e-6)


def test_the_gates_do_not_see_the_state() -> None:
    layer, inputs = layer_of(case_of(2)), normal(T, B, I)
    one = watched(layer, inputs, None)[0]["l0"]
    two = watched(layer, inputs, starts([layer])[0])[0]["l0"]
    for name, gate in one.gates.items():
        assert torch.equal(gate, two.gates[name])
    assert not torch.equal(one.hidden, two.hidden)


@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_read_in_pieces_it_is_the_same(width: int) -> None:
    """Also in pieces shorter than the convolution, which still reads the last inputs before."""
    stack = seeded(lambda: Stack(case_of(width).make, I, 2))
    inputs, state, pieces = normal(9, B, I), None, []
    for piece in inputs.split([4, 1, 1, 3]):
        output, state = stack(piece, state)
        pieces.append(output)
    whole, last = stack(inputs)
    close(torch.cat(pieces), whole, rtol=1e-12)
    for one, two in zip(state, last, strict=True):
        for ours, theirs in zip(one, two, strict=True):
            close(ours, theirs, rtol=1e-12)


def test_what_is_handed_on_takes_part_in_the_next_pass() -> None:
    """The replay of a pass that goes on is of the inputs before it, too."""
    layer, inputs = layer_of(case_of(3)), normal(T, B, I)
    given = (normal(B, H, seed=9), normal(B, 2 * I, seed=10))
    flow = watched(layer, inputs, given)[0]["l0"]
    before_it = given[1].unflatten(-1, (2, I)).transpose(0, 1)
    whole = torch.cat([before_it, inputs])
    c = given[0]
    for t in range(T):
        c = case_of(3).step(whole, t + 2, (c,), layer.weights())[1][0]
        close(flow.hidden[t], c.detach())
    alone = flow.alone(1)
    close(alone.hidden[:, 0], flow.hidden[:, 1], rtol=1e-12)


def test_to_another_network_its_inputs_are_not_handed_on() -> None:
    stack = seeded(lambda: Stack(case_of(2).make, I, 2))
    last = of_another(stack, stack(normal(T, B, I))[1])
    assert [len(each) for each in last] == [1, 1]
    other = seeded(lambda: Stack(case_of(2).make, 7, 2))
    zeros = [torch.zeros(B, size, dtype=torch.float64) for size in (7, H)]
    whole = [(*each, zero) for each, zero in zip(last, zeros, strict=True)]
    close(other(normal(T, B, 7), last)[0], other(normal(T, B, 7), whole)[0], rtol=1e-12)


def test_a_state_of_other_shape_gets_a_sentence() -> None:
    layer = layer_of(case_of(2))
    with pytest.raises(ValueError, match=r"^state must be \(3, 5\) and \(3, 4\), got \(3, 5\) and"):
        layer(normal(T, B, I), (normal(B, H), normal(B, H)))


def test_the_convolution_reads_nothing_that_is_to_come() -> None:
    layer, inputs = layer_of(case_of(3)), normal(T, B, I)
    changed = inputs.clone()
    changed[3:] = 0
    close(layer(inputs)[0][:3], layer(changed)[0][:3], rtol=0)
    assert not torch.equal(layer(inputs)[0][3], layer(changed)[0][3])


def test_a_width_that_cannot_be_gets_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"^width must be 1 or more, got 0\.$"):
        Qrnn(I, H, 0)
