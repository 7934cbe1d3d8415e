"""SequenceModel: built as the config says, by its seed alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gradviz.config import TASKS, RunConfig
from gradviz.model import SequenceModel, build_model
from gradviz.tasks import task_of


def model_of(**settings: object) -> SequenceModel:
    config = RunConfig(**settings)
    return build_model(config, task_of(config))


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("task_name", TASKS)
def test_answers_have_the_shape_of_the_task(task_name: str, cell: str) -> None:
    config = RunConfig(task=task_name, cell=cell, num_layers=2, hidden_size=5)
    task = task_of(config)
    batch = task.sample(3, torch.Generator())
    outputs = build_model(config, task)(batch.inputs)
    timesteps = (config.timesteps,) if task.answers == "every" else ()
    assert outputs.shape == (*timesteps, 3, task.output_size)
    assert torch.isfinite(task.loss(outputs, batch.targets))


def test_the_recurrent_part_is_pytorchs_own() -> None:
    relu = model_of(cell="rnn", activation="relu", num_layers=3, hidden_size=7).recurrent
    assert type(relu) is nn.RNN
    assert (relu.nonlinearity, relu.num_layers, relu.hidden_size) == ("relu", 3, 7)
    assert type(model_of(cell="lstm").recurrent) is nn.LSTM
    assert type(model_of(cell="gru").recurrent) is nn.GRU


def test_answers_are_the_readout_of_the_top_layer() -> None:
    model = model_of(cell="gru", num_layers=2)
    inputs = torch.randn(9, 4, 2)
    hidden, _ = model.recurrent(inputs)
    torch.testing.assert_close(
        model(inputs), hidden[-1] @ model.readout.weight.T + model.readout.bias
    )


def test_the_seed_alone_decides_the_weights() -> None:
    one = model_of(cell="lstm", recurrent_init="orthogonal").state_dict()
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    two = model_of(cell="lstm", recurrent_init="orthogonal").state_dict()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(one[name], two[name]) for name in one)
    other = model_of(cell="lstm", recurrent_init="orthogonal", seed=1).state_dict()
    assert not any(torch.equal(one[name], other[name]) for name in one)


def test_one_seed_starts_both_dtypes_at_the_same_weights() -> None:
    single = model_of(recurrent_init="normal").state_dict()
    double = model_of(recurrent_init="normal", dtype="float64").state_dict()
    for name, weight in double.items():
        assert weight.dtype == torch.float64
        assert torch.equal(weight.float(), single[name])


def test_initialisation_and_forget_bias_come_from_the_config() -> None:
    recurrent = model_of(
        cell="lstm", recurrent_init="identity", recurrent_gain=0.5, forget_bias=2.0, hidden_size=4
    ).recurrent
    assert torch.equal(recurrent.weight_hh_l0, 0.5 * torch.eye(4).repeat(4, 1))
    assert torch.equal((recurrent.bias_ih_l0 + recurrent.bias_hh_l0)[4:8], torch.full((4,), 2.0))


def test_other_cells_have_no_forget_bias() -> None:
    plain, biased = (model_of(cell="gru", forget_bias=bias) for bias in (None, 2.0))
    for name, weight in plain.state_dict().items():
        assert torch.equal(weight, biased.state_dict()[name])
