"""The SRU of the final paper against Lei et al.'s equations (arXiv 1709.02755v5)."""

from __future__ import annotations

import math
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

from gradviz.cells import Sru


def step(inputs: Tensor, t: int, state: State, w: Mapping[str, Tensor]) -> tuple[Tensor, State]:
    (old,), x = state, inputs[t]
    f = x @ w["weight_ih"][:H].T + w["peephole"][:H] * old + w["bias"][:H]
    r = x @ w["weight_ih"][H : 2 * H].T + w["peephole"][H:] * old + w["bias"][H:]
    f, r = 1 / (1 + torch.exp(-f)), 1 / (1 + torch.exp(-r))
    c = f * old + (1 - f) * (x @ w["weight_ih"][2 * H :].T)
    passing = x @ w["weight_skip"].T if "weight_skip" in w else x
    return r * c + (1 - r) * 3**0.5 * passing, (c,)


CASE = Case(lambda size: Sru(size, H, dtype=torch.float64), step)


@pytest.mark.parametrize("check", CHECKS)
def test_it_is_the_textbooks(check: Check) -> None:
    check(CASE)


def test_it_is_the_textbooks_where_x_itself_passes() -> None:
    """The other checks read I ≠ H numbers, which the highway projects."""
    layer, inputs = seeded(lambda: Sru(H, H, dtype=torch.float64)), normal(T, B, H)
    inputs.requires_grad_()
    assert "weight_skip" not in dict(layer.named_parameters())
    flow = watched(layer, inputs, None)[0]["l0"]
    assert inputs.grad is not None
    close(flow.grad_below().double(), inputs.grad)
    state, outputs = layer.zeros(inputs), []
    for t in range(T):
        output, state = step(inputs.detach(), t, state, layer.weights())
        outputs.append(output)
    close(layer(inputs)[0], torch.stack(outputs), rtol=1e-11)


def test_parameters() -> None:
    # By hand, I = 4, H = 5: three matrices and one for the highway, 2 biases and 2 vectors v.
    assert parameters(Sru(I, H)) == 4 * 20 + 4 * 5 == 100
    assert parameters(Sru(H, H)) == 3 * 25 + 4 * 5


def test_the_jacobian_is_diagonal_and_more_than_f() -> None:
    layer, inputs = layer_of(CASE), normal(T, B, I)
    start = starts([layer])[0]
    flow = watched(layer, inputs, start)[0]["l0"]
    w = layer.weights()
    before = torch.cat([start[0][None], flow.hidden[:-1]])
    f = flow.gates["forget"]
    by_v = w["peephole"][:H] * (before - inputs @ w["weight_ih"][2 * H :].T) * f * (1 - f)
    for t in range(T):
        jacobian = flow.jacobian(t + 1)
        close(jacobian, torch.diag_embed(f[t] + by_v[t]).detach())
        assert torch.equal(jacobian, torch.diag_embed(jacobian.diagonal(dim1=1, dim2=2)))
        assert not torch.allclose(jacobian, torch.diag_embed(f[t]), atol=1e-3)


def test_without_v_the_jacobian_is_diag_f() -> None:
    """As in the paper's first versions."""
    layer, inputs = layer_of(CASE), normal(T, B, I)
    with torch.no_grad():
        layer.peephole.zero_()
    flow = watched(layer, inputs, starts([layer])[0])[0]["l0"]
    for t in range(T):
        assert torch.equal(flow.jacobian(t + 1), torch.diag_embed(flow.gates["forget"][t]))


def test_the_recurrence_passes_gradcheck() -> None:
    layer = layer_of(CASE)
    names, leaves = zip(*layer.named_parameters(), strict=True)

    def outputs(inputs: Tensor, start: Tensor, *parameters: Tensor) -> tuple[Tensor, ...]:
        output, last = layer.run(inputs, (start,), dict(zip(names, parameters, strict=True)))
        return output, *last

    given = [normal(T, 2, I), normal(2, H, seed=8), *(each.detach() for each in leaves)]
    assert torch.autograd.gradcheck(outputs, [each.requires_grad_() for each in given])


def test_it_starts_as_the_authors_code_does() -> None:
    layer = seeded(lambda: Sru(64, 200, dtype=torch.float64))
    w = {name: each.detach() for name, each in layer.weights().items()}
    assert float(w["weight_ih"][400:].var() * 64) == pytest.approx(1, abs=0.05)
    assert float(w["weight_ih"][:400].var() * 64) == pytest.approx(0.5, abs=0.05)
    assert float(w["weight_skip"].var() * 64) == pytest.approx(1, abs=0.05)
    assert float(w["peephole"].var()) == pytest.approx(0.5, abs=0.05)
    assert float(w["weight_ih"].abs().max()) <= math.sqrt(3 / 64)
    assert not w["bias"].any()


def test_what_it_gives_has_the_size_of_what_it_reads() -> None:
    """For that α = √3 is: without it half of the variance is lost on the highway."""
    layer, inputs = seeded(lambda: Sru(200, 200, dtype=torch.float64)), normal(60, 8, 200)
    assert 0.6 < float(layer(inputs)[0].detach().var()) < 1.4
