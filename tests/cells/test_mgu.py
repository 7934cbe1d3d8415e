"""The minimal gated unit against Zhou et al.'s equations, and against nn.RNN."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from layer_checks import CHECKS, Case, Check, H, I, State, close, normal, parameters, watched
from torch import Tensor, nn

from gradviz.cells import Mgu


def step(inputs: Tensor, t: int, state: State, w: Mapping[str, Tensor]) -> tuple[Tensor, State]:
    """Equations 9–11, with [h, x] as one vector and a matrix for each."""
    (h,) = state
    both = torch.cat([w["weight_hh"], w["weight_ih"]], 1)
    b_f, b_h = w["bias"][:H], w["bias"][H:]
    f = 1 / (1 + torch.exp(-(torch.cat([h, inputs[t]], 1) @ both[:H].T + b_f)))
    tilde = torch.tanh(torch.cat([f * h, inputs[t]], 1) @ both[H:].T + b_h)
    new = (1 - f) * h + f * tilde
    return new, (new,)


CASE = Case(lambda size: Mgu(size, H, dtype=torch.float64), step)


@pytest.mark.parametrize("check", CHECKS)
def test_it_is_the_textbooks(check: Check) -> None:
    check(CASE)


def test_parameters() -> None:
    """Two matrices of H(I + H) and a bias of H each."""
    assert parameters(Mgu(I, H)) == 2 * (5 * (4 + 5) + 5) == 100


def with_gate(bias: float) -> Mgu:
    """Whose forget bias, in the LSTM's sense, is so large."""
    layer = Mgu(I, H, dtype=torch.float64)
    gate, sign = layer.forget_gate or ("", 0)
    with torch.no_grad():
        first = layer.gates.index(gate) * H
        layer.bias[first : first + H] = sign * bias
    return layer


def test_a_gate_of_one_is_a_plain_rnn() -> None:
    ours, theirs = with_gate(-50.0), nn.RNN(I, H, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(ours.weight_ih[H:])
        theirs.weight_hh_l0.copy_(ours.weight_hh[H:])
        theirs.bias_ih_l0.copy_(ours.bias[H:])
        theirs.bias_hh_l0.zero_()
    inputs = normal(9, 2, I)
    close(ours(inputs)[0], theirs(inputs)[0], rtol=1e-12)
    flow = watched(ours, inputs, None)[0]["l0"]
    slope = 1 - theirs(inputs)[0][4] ** 2
    close(flow.jacobian(5), slope.detach().unsqueeze(-1) * ours.weight_hh.detach()[H:])


def test_a_gate_of_zero_keeps_the_state() -> None:
    layer, start = with_gate(50.0), (normal(2, H, seed=1),)
    flow = watched(layer, normal(9, 2, I), start)[0]["l0"]
    close(flow.hidden, start[0].expand(9, 2, H))
    close(flow.jacobian(5), torch.eye(H, dtype=torch.float64).expand(2, H, H))
    close(flow.update_leak().kept, torch.ones(9, 2, dtype=torch.float64))
    assert float(flow.update_leak().rest.max()) < 1e-15


def test_the_gate_has_a_grus_two_names() -> None:
    flow = watched(Mgu(I, H, dtype=torch.float64), normal(9, 2, I), None)[0]["l0"]
    r, z, n = (flow.gates[name] for name in ("reset", "update", "candidate"))
    close(r + z, torch.ones(9, 2, H, dtype=torch.float64))
    before = torch.cat([torch.zeros(1, 2, H, dtype=torch.float64), flow.hidden[:-1]])
    close((1 - z) * n + z * before, flow.hidden)


def test_what_is_kept_and_the_rest_make_the_jacobian() -> None:
    flow = watched(Mgu(I, H, dtype=torch.float64), 2 * normal(9, 2, I), None)[0]["l0"]
    split = flow.update_leak()
    z = flow.gates["update"]
    close(split.kept, z.amax(-1))
    rest = torch.stack([flow.jacobian(t + 1) - z[t].diag_embed() for t in range(9)])
    close(split.rest, torch.linalg.matrix_norm(rest, 2), rtol=1e-4)
