"""Eigenvalues of one Jacobian: trace, determinant, and a matrix that is not normal."""

from __future__ import annotations

import math

import pytest
import torch
from passes import Loop, build, flow_of, flows_of, inputs_of


@pytest.mark.parametrize("name", ["tanh", "lstm", "gru"])
def test_their_sum_is_the_trace_and_their_product_the_determinant(name: str) -> None:
    module, inputs = build(name), inputs_of(4, 2)
    flow, loop = flow_of(module, inputs), Loop(module, inputs)
    for t in (2, 4):
        found = flow.jacobian_eigenvalues(t)
        assert found.shape == (2, flow.state_size)
        assert bool((found.abs().diff() <= 1e-15).all())
        for b in range(2):
            jacobian = loop.transport(t - 1, t - 2, b)
            trace, determinant = float(jacobian.trace()), float(torch.linalg.det(jacobian))
            assert complex(found[b].sum()) == pytest.approx(trace, rel=1e-9)
            assert complex(found[b].prod()) == pytest.approx(determinant, rel=1e-9)


def test_one_timestep_may_grow_what_its_eigenvalues_shrink() -> None:
    """W = [[.9, 10], [0, .9]] with active units: both are 0.9, and the norm is 10.08."""
    module = build("relu", 2, bias=False)
    with torch.no_grad():
        module.weight_hh_l0.copy_(torch.tensor([[0.9, 10.0], [0.0, 0.9]]))
        module.weight_ih_l0.fill_(1.0)
    flow = flow_of(module, inputs_of(3, 1).abs())
    assert flow.jacobian_eigenvalues(2).abs().tolist() == [pytest.approx([0.9, 0.9], rel=1e-6)]
    assert float(flow.jacobian_norm()[1]) == pytest.approx(10.0804, abs=1e-3)


def test_nan_where_the_jacobian_is_not_finite_or_the_sequence_has_ended() -> None:
    module, inputs = build("gru"), inputs_of(4, 2)
    inputs[1, 0] = math.nan
    found = flow_of(module, inputs).jacobian_eigenvalues(2)
    assert found.isnan().all(-1).tolist() == [True, False]
    ended = flows_of(module, inputs_of(4, 2), [4, 2])["l0"].jacobian_eigenvalues(3)
    assert ended.isnan().all(-1).tolist() == [False, True]


@pytest.mark.parametrize("t", [0, 5])
def test_a_timestep_out_of_range_gets_a_sentence(t: int) -> None:
    with pytest.raises(ValueError, match=rf"^t must be 1…4, got {t}\.$"):
        flow_of(build("tanh"), inputs_of(4, 1)).jacobian_eigenvalues(t)
