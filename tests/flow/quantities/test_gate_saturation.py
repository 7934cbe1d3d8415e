"""Saturation of the gates, counted one by one."""

from __future__ import annotations

import math

import pytest
import torch
from passes import build, flow_of, flows_of, inputs_of

SIGMOID = {"lstm": {"input", "forget", "output"}, "gru": {"reset", "update"}}


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_equal_to_the_count(name: str) -> None:
    lengths = [12, 7]
    module = build(name)
    with torch.no_grad():
        module.weight_ih_l0.mul_(8)
    flow = flows_of(module, inputs_of(12, 2), lengths)["l0"]
    found = flow.gate_saturation()
    assert set(found) == SIGMOID[name]
    for gate, shares in found.items():
        assert shares.shape == (2, 2, 4)
        for b, length in enumerate(lengths):
            for unit in range(4):
                values = flow.gates[gate][:length, b, unit].tolist()
                left = sum(value < 0.1 for value in values) / length
                right = sum(value > 0.9 for value in values) / length
                assert shares[:, b, unit].tolist() == pytest.approx([left, right])
    assert 0.1 < float(torch.stack(list(found.values())).mean()) < 0.9


def test_a_plain_rnn_has_no_gates() -> None:
    assert flow_of(build("tanh"), inputs_of(3, 1)).gate_saturation() == {}


def test_nan_where_a_gate_was() -> None:
    module, inputs = build("gru"), inputs_of(5, 2)
    inputs[3, 0] = math.nan
    shares = flow_of(module, inputs).gate_saturation()["update"]
    assert bool(shares[:, 0].isnan().all())
    assert bool(shares[:, 1].isfinite().all())
