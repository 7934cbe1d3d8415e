"""The product of the forget gates."""

from __future__ import annotations

import math

import pytest
import torch
from passes import build, flow_of, flows_of, inputs_of


def test_equal_to_the_product() -> None:
    flow = flow_of(build("lstm"), inputs_of(6, 2))
    for t in range(6):
        product = flow.gates["forget"][t + 1 :].prod(0)
        spectral = flow.forget_product_log10()[t]
        torch.testing.assert_close(10**spectral, product.amax(-1), rtol=1e-12, atol=0)
        frobenius = flow.forget_product_log10("frobenius")[t]
        torch.testing.assert_close(10**frobenius, product.norm(dim=-1), rtol=1e-12, atol=0)


@pytest.mark.parametrize("kind", ["spectral", "frobenius"])
def test_three_thousand_timesteps_of_which_no_float_holds_the_product(kind: str) -> None:
    """σ(−3)^2999: 10 to the power −3969."""
    module = build("lstm", 4, dtype=torch.float32)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.bias_ih_l0[4:8] = -3.0
    found = flow_of(module, torch.zeros(3000, 1, 3)).forget_product_log10(kind)
    more = math.log10(2) if kind == "frobenius" else 0.0
    expected = -2999 * math.log10(1 + math.exp(3)) + more
    assert float(found[0]) == pytest.approx(expected, rel=1e-6)
    assert float(found[-1]) == pytest.approx(more)


def test_to_the_end_of_each_sequence_in_the_order_in_which_it_is_read() -> None:
    flows = flows_of(build("lstm", bidirectional=True), inputs_of(5, 2), [5, 3])
    forward, reverse = flows["l0"], flows["l0_reverse"]
    product = forward.gates["forget"][1:3, 1].prod(0)
    assert float(10 ** forward.forget_product_log10()[0, 1]) == pytest.approx(float(product.max()))
    product = reverse.gates["forget"][0:2, 1].prod(0)
    assert float(10 ** reverse.forget_product_log10()[2, 1]) == pytest.approx(float(product.max()))
    assert float(reverse.forget_product_log10()[0, 1]) == 0
    assert bool(forward.forget_product_log10()[3:, 1].isnan().all())


def test_a_gate_that_is_shut_ends_it() -> None:
    module = build("lstm", dtype=torch.float32)
    with torch.no_grad():
        module.bias_ih_l0[4:8] = -200.0
    for kind in ("spectral", "frobenius"):
        found = flow_of(module, inputs_of(3, 1).float()).forget_product_log10(kind)
        assert found[:2, 0].tolist() == [-math.inf, -math.inf]
