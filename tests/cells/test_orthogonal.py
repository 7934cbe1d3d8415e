"""The orthogonal RNN against its equations; that W is orthogonal, before, while and after."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from layer_checks import CHECKS, Case, Check, H, I, State, close, normal, parameters, seeded
from torch import Tensor

from gradviz.cells import OrthogonalRnn
from gradviz.cells.orthogonal import cayley
from gradviz.flow import LayerFlow, watch

SIZE = 64


def step(inputs: Tensor, t: int, state: State, w: Mapping[str, Tensor]) -> tuple[Tensor, State]:
    z = inputs[t] @ w["weight_ih"].T + state[0] @ w["weight_hh"].T
    grown = z.abs() + w["bias"]
    h = torch.where(grown > 0, torch.where(z > 0, grown, -grown), 0.0 * z)
    return h, (h,)


CASE = Case(lambda size: OrthogonalRnn(size, H, dtype=torch.float64), step, vanishes=False)


@pytest.mark.parametrize("check", CHECKS)
def test_it_is_the_textbooks(check: Check) -> None:
    check(CASE)


def shut(size: int) -> OrthogonalRnn:
    """Thresholds at which some units are off."""
    layer = OrthogonalRnn(size, H, dtype=torch.float64)
    torch.nn.init.uniform_(layer.bias, -0.6, -0.1)
    return layer


@pytest.mark.parametrize("check", CHECKS[:-1])
def test_it_is_the_textbooks_where_units_are_off(check: Check) -> None:
    """All but the last check, which makes the thresholds too small."""
    check(Case(shut, step, vanishes=False))


def test_parameters() -> None:
    """Of W only what is free: H(H − 1)/2."""
    assert parameters(OrthogonalRnn(I, H)) == H * I + H * (H - 1) // 2 + H


def test_the_map_is_cayleys() -> None:
    """One plane turned: s = tan(θ/2) turns by θ."""
    angle = torch.tensor(0.7, dtype=torch.float64)
    turned = cayley((angle / 2).tan()[None], 2)
    cosine, sine = angle.cos(), angle.sin()
    close(turned, torch.stack([cosine, sine, -sine, cosine]).view(2, 2), rtol=1e-14)


def test_angles_at_the_start() -> None:
    """Spread over 0…π/2, in conjugate pairs; one unit that is left over stays where it is."""
    weight = seeded(lambda: OrthogonalRnn(I, 2 * SIZE + 1)).weights()["weight_hh"]
    angles = torch.linalg.eigvals(weight.detach().double()).angle().abs().sort().values
    assert float(angles[0]) < 1e-6
    close(angles[1::2], angles[2::2], rtol=1e-4)
    assert 0 < float(angles[1]) < 0.1
    assert 1.5 < float(angles[-1]) < torch.pi / 2


def trained(steps: int) -> OrthogonalRnn:
    """In float32, by Adam at a rate at which W moves far."""
    layer = seeded(lambda: OrthogonalRnn(I, SIZE))
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)
    for number in range(steps):
        optimizer.zero_grad()
        output, _ = layer(normal(20, 8, I, seed=number).float())
        (output[-1] - 1).square().mean().backward()
        optimizer.step()
    return layer


def test_it_is_orthogonal_after_training() -> None:
    before = seeded(lambda: OrthogonalRnn(I, SIZE)).weights()["weight_hh"].detach()
    weight = trained(200).weights()["weight_hh"].detach()
    assert weight.dtype == torch.float32
    assert float(torch.linalg.matrix_norm(weight - before, 2)) > 0.5
    for each in (before, weight):
        product = each.double().T @ each.double()
        assert float((product - torch.eye(SIZE)).abs().max()) < 1e-6


def test_it_is_orthogonal_whatever_the_entries() -> None:
    for size in (1e-6, 1.0, 1e4):
        weight = cayley(size * normal(SIZE * (SIZE - 1) // 2), SIZE)
        assert float((weight.T @ weight - torch.eye(SIZE)).abs().max()) < 1e-9


def test_its_own_backward_is_that_of_its_differences() -> None:
    layer = seeded(lambda: shut(I))
    given = (normal(4, 2, I), normal(2, H, seed=8), *layer.parameters())

    def run(inputs: Tensor, start: Tensor, *parameters: Tensor) -> Tensor:
        named = dict(zip(("weight_ih", "skew", "bias"), parameters, strict=True))
        return torch.func.functional_call(layer, named, (inputs, (start,)))[0]

    assert torch.autograd.gradcheck(run, [each.detach().requires_grad_() for each in given])


def flow_of(layer: OrthogonalRnn, timesteps: int = 100) -> LayerFlow:
    with watch(layer) as watching:
        layer(normal(timesteps, 4, I))[0][-1].square().sum().backward()
    return watching.layers["l0"]


def test_every_unit_on_no_gradient_shrinks_or_grows() -> None:
    """It is linear in h then, and ‖∂s_T/∂s_t‖ = 1 at every timestep."""
    layer = seeded(lambda: OrthogonalRnn(I, H, dtype=torch.float64))
    torch.nn.init.constant_(layer.bias, 0.3)
    flow = flow_of(layer)
    assert bool((flow.hidden != 0).all())
    close(flow.jacobian(50) @ flow.jacobian(50).mT, torch.eye(H).double().expand(4, H, H))
    norms = flow.hidden_grad_norm
    close(norms, norms[-1].expand_as(norms))
    assert float(flow.transport_log10().abs().max()) < 1e-6
    assert bool(flow.gradient_horizon().isinf().all())
    close(flow.lyapunov_exponents() + 1, torch.ones(4, H).double())


def test_units_that_are_off_shrink_it_and_nothing_makes_it_grow() -> None:
    layer = seeded(lambda: shut(I))
    flow = flow_of(layer)
    share = (flow.hidden == 0).double().mean()
    assert 0.1 < share < 0.9
    norms = flow.jacobian_norm()
    is_on = (flow.hidden != 0).any(-1)
    close(norms[is_on], torch.ones_like(norms[is_on]), rtol=1e-5)
    assert bool((norms[~is_on] == 0).all())
    assert float(flow.transport_log10()[0].max()) < -0.5
    assert flow.jacobian_bound == pytest.approx(1, abs=1e-12)
    assert flow.spectral_radius == pytest.approx(1, abs=1e-12)


def test_the_state_keeps_its_length_without_inputs() -> None:
    """H = 1 turns nothing: W = 1."""
    for size in (1, 2, 7):
        layer = OrthogonalRnn(I, size, dtype=torch.float64)
        torch.nn.init.zeros_(layer.bias)
        start = normal(3, size)
        output, _ = layer(torch.zeros(50, 3, I, dtype=torch.float64), (start,))
        close(output[-1].norm(dim=-1), start.norm(dim=-1))
