"""SequenceModel: built as the config says, by its seed alone."""

from __future__ import annotations

import pytest
import torch
from every import every
from torch import nn

from gradviz.cells import ElmanRnn, FusedGru, FusedRnn, PeepholeLstm, Stack
from gradviz.config import CELLS, RECURRENT, TASKS, RunConfig
from gradviz.model import SequenceModel, build_model
from gradviz.tasks import task_of


def model_of(**settings: object) -> SequenceModel:
    config = RunConfig(**settings)
    return build_model(config, task_of(config))


@every("cell", RECURRENT)
@every("task_name", TASKS)
def test_answers_have_the_shape_of_the_task(task_name: str, cell: str) -> None:
    config = RunConfig(task=task_name, cell=cell, num_layers=2, hidden_size=5)
    task = task_of(config)
    batch = task.sample(3, torch.Generator())
    outputs = build_model(config, task).answer(batch)
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


def test_what_pytorch_has_no_operation_for_is_a_stack() -> None:
    assert type(model_of(bidirectional=True).recurrent) is nn.RNN
    for settings, kind in (
        ({"cell": "rnn", "activation": "elu"}, ElmanRnn),
        ({"cell": "peephole_lstm"}, PeepholeLstm),
        ({"cell": "rnn", "residual": True}, FusedRnn),
        ({"cell": "gru", "residual": True, "activation": "elu"}, FusedGru),
    ):
        recurrent = model_of(**settings, num_layers=3, bidirectional=True, hidden_size=6).recurrent
        assert type(recurrent) is Stack
        assert [type(layer) for layer in recurrent.layers] == 6 * [kind]
        assert recurrent.output_size == 12
    assert model_of(activation="sigmoid").recurrent.l0.nonlinearity == "sigmoid"


def test_skips_change_the_sum_and_not_the_weights() -> None:
    plain = model_of(cell="gru", num_layers=2, hidden_size=5)
    skipped = model_of(cell="gru", num_layers=2, hidden_size=5, residual=True)
    for one, two in zip(plain.parameters(), skipped.parameters(), strict=True):
        assert torch.equal(one, two)
    inputs = torch.randn(6, 3, 2)
    lower, _ = skipped.recurrent.l0(inputs)
    upper, _ = skipped.recurrent.l1(lower)
    torch.testing.assert_close(skipped.recurrent(inputs)[0], upper + lower)
    torch.testing.assert_close(plain.recurrent(inputs)[0], upper)


@every("residual", [False, True])
@every("cell", RECURRENT)
def test_the_last_state_of_both_directions_is_read(cell: str, residual: bool) -> None:
    """A reverse direction ends at t = 1: its output there, and not at T, has read everything."""
    model = model_of(cell=cell, bidirectional=True, residual=residual, hidden_size=9, seq_len=7)
    inputs = torch.rand(7, 2, 2, requires_grad=True)  # A ReLU unit may be off for others.
    hidden, last = model.recurrent(inputs)
    pooled = model.pool(hidden)
    if CELLS[cell].symbol != "h":
        forward, backward = hidden.chunk(2, -1)
        expected = torch.cat([forward[-1], backward[0]], -1)
    elif isinstance(model.recurrent, Stack):
        expected = torch.cat([last[0][0], last[1][0]], -1)
    else:
        h_n = last[0] if isinstance(last, tuple) else last
        expected = torch.cat([h_n[0], h_n[1]], -1)
    torch.testing.assert_close(pooled, expected)
    for half in pooled.chunk(2, -1):
        (grad,) = torch.autograd.grad(half.sum(), inputs, retain_graph=True)
        assert bool((grad.abs().amax((1, 2)) > 0).all())


@pytest.mark.parametrize("cell", ["lstm", "peephole_lstm"])
def test_the_forget_bias_reaches_every_layer_and_direction(cell: str) -> None:
    settings = {"cell": cell, "num_layers": 2, "bidirectional": True, "hidden_size": 4}
    named = dict(model_of(**settings, forget_bias=3.0).recurrent.named_parameters())
    pairs = [name for name in named if "bias_ih" in name]
    assert len(pairs) == 4
    for name in pairs:
        total = named[name] + named[name.replace("bias_ih", "bias_hh")]
        assert torch.equal(total[4:8], torch.full((4,), 3.0))


def test_dropout_between_layers_is_of_stacks_too() -> None:
    model = model_of(cell="peephole_lstm", num_layers=2, dropout=0.5)
    inputs = torch.randn(5, 2, 2)
    once, again = model.recurrent(inputs)[0], model.recurrent(inputs)[0]
    assert not torch.equal(once, again)
    model.eval()
    assert torch.equal(model.recurrent(inputs)[0], model.recurrent(inputs)[0])
