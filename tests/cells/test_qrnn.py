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
    starts,
    watched,
)
from torch import Tensor

from gradviz.cells import Qrnn


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


def test_the_convolution_reads_nothing_that_is_to_come() -> None:
    layer, inputs = layer_of(case_of(3)), normal(T, B, I)
    changed = inputs.clone()
    changed[3:] = 0
    close(layer(inputs)[0][:3], layer(changed)[0][:3], rtol=0)
    assert not torch.equal(layer(inputs)[0][3], layer(changed)[0][3])


def test_a_width_that_cannot_be_gets_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"^width must be 1 or more, got 0\.$"):
        Qrnn(I, H, 0)
