"""Every cell, in stacks, both directions and with skips, trained and measured by the Trainer."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gradviz import RunConfig, Trainer
from gradviz.config import CELLS, RECURRENT
from gradviz.history import CloseUpRequest

pytestmark = pytest.mark.slow  # Every cell or task, or trainings: a part of the full run.

SMALL = {"seq_len": 12, "hidden_size": 6, "batch_size": 5, "num_layers": 2, "probe_size": 3}
SHAPES = {
    "one direction": {},
    "both": {"bidirectional": True},
    "skips": {"residual": True},
    "both with skips and dropout": {"bidirectional": True, "residual": True, "dropout": 0.3},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cell", RECURRENT)
def test_measuring_leaves_no_trace(cell: str, shape: str) -> None:
    config = RunConfig(cell=cell, **SMALL, **SHAPES[shape])
    bare, measured = Trainer(config), Trainer(config)
    measured.closeup = CloseUpRequest()
    before = torch.random.get_rng_state()
    one = [bare.train_step("none").loss for _ in range(8)]
    two = [measured.train_step("full").loss for _ in range(8)]
    assert one == two
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cell", RECURRENT)
def test_a_measured_step_has_every_layer(cell: str, shape: str) -> None:
    config = RunConfig(cell=cell, **SMALL, **SHAPES[shape])
    trainer = Trainer(config)
    trainer.closeup = CloseUpRequest()
    record = trainer.train_step("full")
    assert tuple(record.layers) == config.layer_names == trainer.model.layer_names
    spec = CELLS[cell]
    for layer in record.layers.values():
        assert layer.hidden_grad_norm is not None
        assert layer.hidden_grad_norm.shape == (12, 3)
        assert np.isfinite(layer.hidden_grad_norm).all()
        assert tuple(layer.gates) == spec.gates
        assert layer.transport_log10 is not None
        assert (layer.jacobian_bound is not None) == spec.is_plain
    closeup = record.closeup
    assert closeup is not None
    assert closeup.layer == "l1"
    assert len(closeup.jacobian_singular_values) == 6 * spec.state_parts
    has_memory = spec.state_parts == 2 and bool(spec.gates)
    assert (closeup.cell_transport_log10 is not None) == has_memory


@pytest.mark.parametrize("activation", ["leaky_relu", "elu", "sigmoid"])
def test_other_nonlinearities_train(activation: str) -> None:
    trainer = Trainer(RunConfig(activation=activation, seq_len=10, hidden_size=8))
    losses = [trainer.train_step("none").loss for _ in range(60)]
    assert all(math.isfinite(loss) for loss in losses)
    assert sum(losses[-10:]) < sum(losses[:10])


@pytest.mark.parametrize("cell", RECURRENT)
def test_a_checkpoint_goes_on_bit_for_bit(cell: str) -> None:
    config = RunConfig(cell=cell, **SMALL, bidirectional=True, residual=True)
    trainer = Trainer(config)
    for _ in range(3):
        trainer.train_step("none")
    saved = trainer.checkpoint()
    expected = [trainer.train_step("none").loss for _ in range(3)]
    other = Trainer(config)
    other.restore(saved)
    assert [other.train_step("none").loss for _ in range(3)] == expected
