"""A GRU's update gate and the rest of its Jacobian against autograd."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from passes import Loop, build, flow_of, flows_of, inputs_of


def test_both_terms_equal_those_of_autograd() -> None:
    module, inputs, lengths = build("gru", bidirectional=True), inputs_of(5, 2), [5, 3]
    for suffix, flow in flows_of(module, inputs, lengths).items():
        kept, rest = flow.update_leak(tolerance=1e-12)
        loop, update = Loop(module, inputs, lengths, suffix), flow.gates["update"]
        torch.testing.assert_close(kept, update.amax(-1), rtol=1e-12, atol=0, equal_nan=True)
        for b in range(2):
            order = loop.read(b)
            for start, t in pairwise(order):
                matrix = loop.transport(t, start, b) - update[t, b].diag()
                expected = float(torch.linalg.matrix_norm(matrix, 2))
                assert float(rest[t, b]) == pytest.approx(expected, rel=1e-9)
        assert rest.isnan().sum().item() == 2


def test_an_open_update_gate_keeps_the_state_and_nothing_else() -> None:
    """Zero weights, z bias 10: z = 0.9999546, and no other path."""
    module = build("gru")
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.bias_ih_l0[4:8] = 10.0
    kept, rest = flow_of(module, inputs_of(3, 1)).update_leak()
    assert kept[:, 0].tolist() == pytest.approx(3 * [0.9999546], abs=5e-8)
    assert rest[:, 0].tolist() == [0, 0, 0]


def test_other_cells_get_a_sentence() -> None:
    flow = flow_of(build("lstm"), inputs_of(3, 1))
    with pytest.raises(ValueError, match=r"^update_leak is of a cell with an update gate; "):
        flow.update_leak()
