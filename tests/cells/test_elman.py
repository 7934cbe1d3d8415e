"""Elman's RNN with each nonlinearity against its equation, and against nn.RNN."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from layer_checks import CHECKS, Case, Check, H, I, State, close, normal, parameters, watched
from torch import Tensor, nn

from gradviz.cells import ElmanRnn
from gradviz.cells.nonlinearity import NONLINEARITIES

PHI: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": lambda a: 2 / (1 + torch.exp(-2 * a)) - 1,
    "relu": lambda a: a.clamp(min=0),
    "leaky_relu": lambda a: torch.maximum(a, 0.01 * a),
    "elu": lambda a: torch.where(a > 0, a, torch.expm1(a)),
    "sigmoid": lambda a: 1 / (1 + torch.exp(-a)),
    "linear": lambda a: 1.0 * a,
}
"""Written once more."""


def case_of(name: str) -> Case:
    def step(inputs: Tensor, t: int, state: State, w: Mapping[str, Tensor]) -> tuple[Tensor, State]:
        drive = inputs[t] @ w["weight_ih"].T + w["bias_ih"] + w["bias_hh"]
        h = PHI[name](drive + state[0] @ w["weight_hh"].T)
        return h, (h,)

    return Case(lambda size: ElmanRnn(size, H, name, dtype=torch.float64), step, name != "relu")


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", PHI)
def test_it_is_the_textbooks(name: str, check: Check) -> None:
    check(case_of(name))


def test_every_nonlinearity_is_tested() -> None:
    assert set(PHI) == set(NONLINEARITIES)


@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_it_is_nn_rnn(name: str) -> None:
    theirs = nn.RNN(I, H, nonlinearity=name, dtype=torch.float64)
    ours = ElmanRnn(I, H, name, dtype=torch.float64)
    with torch.no_grad():
        for key, each in ours.named_parameters():
            each.copy_(theirs.get_parameter(f"{key}_l0"))
    inputs = normal(9, 2, I)
    close(ours(inputs)[0], theirs(inputs)[0], rtol=1e-12)
    assert parameters(ours) == sum(each.numel() for each in theirs.parameters())


@pytest.mark.parametrize(("name", "steepest"), [("tanh", 1.0), ("sigmoid", 0.25), ("elu", 1.0)])
def test_pascanus_bound_holds_at_every_timestep(name: str, steepest: float) -> None:
    layer = ElmanRnn(I, H, name, dtype=torch.float64)
    flow = watched(layer, normal(30, 4, I), None)[0]["l0"]
    bound = steepest * float(torch.linalg.svdvals(layer.weight_hh.detach())[0])
    assert flow.jacobian_bound == pytest.approx(bound)
    assert float(flow.jacobian_norm().max()) <= bound * (1 + 1e-9)
    assert flow.spectral_radius is not None


def test_an_unknown_nonlinearity_gets_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"^nonlinearity must be tanh, relu, .*, got gelu\.$"):
        ElmanRnn(I, H, "gelu")
