"""All singular values of one Jacobian: Frobenius norm, determinant, spectral norm."""

from __future__ import annotations

import math

import pytest
import torch
from passes import Loop, build, flow_of, inputs_of


@pytest.mark.parametrize("name", ["tanh", "lstm", "gru"])
def test_squares_add_up_and_the_product_is_the_determinant(name: str) -> None:
    module, inputs = build(name), inputs_of(4, 2)
    flow, loop = flow_of(module, inputs), Loop(module, inputs)
    for t, b in ((2, 0), (4, 1)):
        found, jacobian = flow.jacobian_singular_values(t, b), loop.transport(t - 1, t - 2, b)
        assert found.shape == (flow.state_size,)
        assert bool((found.diff() <= 0).all())
        assert float((found**2).sum()) == pytest.approx(float((jacobian**2).sum()), rel=1e-9)
        determinant = abs(float(torch.linalg.det(jacobian)))
        assert float(found.prod()) == pytest.approx(determinant, rel=1e-9)
        largest = float(flow.jacobian_norm(tolerance=1e-12)[t - 1, b])
        assert float(found[0]) == pytest.approx(largest, rel=1e-9)


def test_nan_where_the_jacobian_is_not_finite() -> None:
    module, inputs = build("lstm"), inputs_of(4, 2)
    inputs[1, 0] = math.nan
    flow = flow_of(module, inputs)
    assert bool(flow.jacobian_singular_values(2, 0).isnan().all())
    assert bool(flow.jacobian_singular_values(2, 1).isfinite().all())


@pytest.mark.parametrize(
    ("t", "b", "sentence"), [(0, 0, "t must be 1…4, got 0."), (1, 2, "b must be 0…1, got 2.")]
)
def test_a_place_out_of_range_gets_a_sentence(t: int, b: int, sentence: str) -> None:
    flow = flow_of(build("tanh"), inputs_of(4, 2))
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        flow.jacobian_singular_values(t, b)
