"""LayerRecorder: what a LayerRecord says is what the LayerFlow measured."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from gradviz.flow import LayerRecorder, watch
from gradviz.history import LayerFrame


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_record_holds_the_flows_numbers(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    model = nn.RNN(3, 6, 2).to(dtype)
    with watch(model, probe_size=4) as watching:
        model(torch.randn(7, 5, 3, dtype=dtype))[0].sum().backward()
    records = LayerRecorder().records(watching.layers, dear_probes=2)
    assert list(records) == ["l0", "l1"]
    for name, flow in watching.layers.items():
        record = records[name]
        assert record.hidden_grad_norm is not None
        assert np.array_equal(record.hidden_grad_norm, flow.hidden_grad_norm.numpy())
        assert record.jacobian_bound == flow.jacobian_bound
        assert record.jacobian_norm is not None
        assert record.jacobian_norm.shape == (7, 2)
        exact = np.linalg.norm(
            torch.stack([flow.jacobian(t)[:2] for t in range(1, 8)]).double().numpy(), 2, (-2, -1)
        )
        assert record.jacobian_norm == pytest.approx(exact, rel=0.02)
        assert record.transport_log10 is not None
        expected = flow.transport_log10()[:, :2].numpy()
        assert record.transport_log10 == pytest.approx(expected, abs=0.02)


def test_light_records_and_a_clock_of_the_dear_ones() -> None:
    model = nn.GRU(3, 6)
    with watch(model) as watching:
        model(torch.randn(7, 5, 3))[0].sum().backward()
    recorder = LayerRecorder()
    (dear,) = recorder.records(watching.layers, dear_probes=5).values()
    assert recorder.dear_seconds > 0
    (light,) = recorder.records(watching.layers, dear_probes=0).values()
    assert recorder.dear_seconds == 0
    assert light.jacobian_norm is light.transport_log10 is light.gradient_horizon is None
    assert light.hidden_grad_norm is not None
    assert np.array_equal(light.hidden_grad_norm, dear.hidden_grad_norm)


def test_a_packed_batch_becomes_a_frame_with_gaps_behind_the_ends() -> None:
    model = nn.GRU(3, 6)
    packed = nn.utils.rnn.pack_padded_sequence(torch.randn(7, 3, 3), torch.tensor([7, 4, 2]))
    with watch(model) as watching:
        model(packed)[0].data.sum().backward()
    (record,) = LayerRecorder().records(watching.layers, dear_probes=3).values()
    frame = LayerFrame.from_record(record)
    assert np.isfinite(frame.hidden_grad_log10).sum(axis=0).tolist() == [7, 4, 2]
    gate = watching.layers["l0"].gates["update"][5, 0].numpy()
    assert frame.gates["update"][0, 5] == pytest.approx(gate.mean())
    assert np.isfinite(frame.gates["update"]).all()
    assert frame.gradient_horizon is not None
    assert not np.isnan(frame.gradient_horizon).any()
