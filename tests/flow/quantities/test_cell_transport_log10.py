"""Transport of an LSTM's memory against autograd, and beside the product of forget gates."""

from __future__ import annotations

import math

import pytest
import torch
from passes import Loop, build, flow_of, flows_of, inputs_of
from torch import nn

from gradviz.flow import watch

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")


@pytest.mark.parametrize("projection", [0, 2])
def test_equal_to_autograd_through_every_path(projection: int) -> None:
    module = build("lstm", bidirectional=True, proj_size=projection)
    inputs, lengths = inputs_of(5, 2), [5, 4]
    for suffix, flow in flows_of(module, inputs, lengths).items():
        loop = Loop(module, inputs, lengths, suffix)
        spectral = flow.cell_transport_log10(tolerance=1e-12)
        frobenius = flow.cell_transport_log10("frobenius")
        for b in range(2):
            order = loop.read(b)
            for t in order:
                whole = loop.cells(order[-1], t, b)
                norms = [float(torch.linalg.matrix_norm(whole, kind)) for kind in (2, "fro")]
                assert 10 ** float(spectral[t, b]) == pytest.approx(norms[0], rel=1e-9)
                assert 10 ** float(frobenius[t, b]) == pytest.approx(norms[1], rel=1e-9)
        assert spectral.isnan().sum().item() == 1


def test_without_weights_it_is_the_product_of_the_forget_gates() -> None:
    module = build("lstm", dtype=torch.float32)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.bias_ih_l0[4:8] = -3.0
    flow = flow_of(module, torch.zeros(1500, 1, 3))
    product = flow.forget_product_log10()
    assert float(product[0]) < -1900
    torch.testing.assert_close(flow.cell_transport_log10(), product, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("bias", "expected", "factor"), [(5.0, 68, 3), (0.0, 1e9, 10)])
def test_the_product_of_forget_gates_is_not_the_gradient(
    bias: float, expected: float, factor: float
) -> None:
    """SCIENCE trap 3: over 99 timesteps, in Frobenius norms; H = 64, I = 8, N(0, 1) inputs."""
    ratios = []
    for seed in range(3):
        torch.manual_seed(seed)
        module = nn.LSTM(8, 64)
        with torch.no_grad():
            module.bias_ih_l0[64:128] = bias
            module.bias_hh_l0[64:128] = 0.0
        with watch(module) as watching:
            module(torch.randn(100, 3, 8))[0][-1].sum().backward()
        flow = watching.layers["l0"]
        whole, product = (
            flow.cell_transport_log10("frobenius"),
            flow.forget_product_log10("frobenius"),
        )
        ratios.append(whole[0] - product[0])
    ratio = float(torch.cat(ratios).median())
    assert ratio == pytest.approx(math.log10(expected), abs=math.log10(factor))


def test_numbers_that_are_not_finite_give_nan_and_no_error() -> None:
    module, inputs = build("lstm"), inputs_of(5, 2)
    inputs[3, 0] = math.nan
    found = flow_of(module, inputs).cell_transport_log10()
    assert bool(found[:3, 0].isnan().all())
    assert bool(found[:, 1].isfinite().all())


def test_a_coarse_norm_is_within_its_tolerance() -> None:
    module, inputs = build("lstm", hidden=6), inputs_of(40, 2)
    flow, loop = flow_of(module, inputs), Loop(module, inputs)
    found = flow.cell_transport_log10(tolerance=0.01)
    for b in range(2):
        for t in (0, 20, 38, 39):
            exact = torch.linalg.matrix_norm(loop.cells(39, t, b), 2) if t < 39 else torch.ones(())
            assert float(found[t, b]) == pytest.approx(float(exact.log10()), abs=0.005)


def test_nothing_passes_gates_that_are_shut() -> None:
    module = build("lstm")
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.bias_ih_l0[4:8] = -800.0
    flow = flow_of(module, inputs_of(5, 1))
    for tolerance in (1e-6, 0.01):
        found = flow.cell_transport_log10(tolerance=tolerance)[:, 0].tolist()
        assert found == [*4 * [-math.inf], pytest.approx(0, abs=0.005)]
