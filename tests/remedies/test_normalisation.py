"""Normalisation between layers: its equation, and an instrument that stays exact through it.

The independent road is a loop of PyTorch's one-step cells with the norms written out, every state
retained.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gradviz import RunConfig, Trainer
from gradviz.cells import Stack
from gradviz.config import RECURRENT, ConfigError
from gradviz.flow import watch
from gradviz.model import build_model
from gradviz.remedies import norm_of
from gradviz.tasks import task_of
from gradviz.training.writing import answering

SMALL = {"seq_len": 7, "hidden_size": 5, "batch_size": 6, "dtype": "float64"}
STEPS = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def normed(values: Tensor, norm: nn.Module, kind: str) -> Tensor:
    """By its equation, with sums for means."""
    gain, shift = norm.parameters()
    axes = -1 if kind == "layer" else (0, 1)
    count = values.shape[-1] if kind == "layer" else values.shape[0] * values.shape[1]
    centred = values - values.sum(axes, keepdim=True) / count
    spread = torch.sqrt((centred * centred).sum(axes, keepdim=True) / count + 1e-5)
    return centred / spread * gain + shift


def model_of(**settings: Any) -> Any:
    """With gains and shifts that all differ."""
    config = RunConfig(**SMALL | settings)
    model = build_model(config, task_of(config))
    for place, (name, parameter) in enumerate(model.named_parameters()):
        if "norm" in name:
            parameter.data += normal(*parameter.shape, seed=place) / 2
    return model


def one_way(step: nn.Module, inputs: Tensor, traces: list[Tensor]) -> list[Tensor]:
    h = c = inputs.new_zeros(inputs.shape[1], SMALL["hidden_size"])
    outputs = []
    for x in inputs:
        if isinstance(step, nn.LSTMCell):
            h, c = step(x, (h, c))
        else:
            h = step(x, h)
        h.retain_grad()
        outputs.append(h)
    traces += outputs
    return outputs


def textbook(model: Any, inputs: Tensor, kind: str, cell: str) -> tuple[Tensor, dict[str, Any]]:
    """What the readout reads, and h_t of each layer and direction in the order read."""
    stack, traces = model.recurrent, {}
    for index in range(stack.num_layers):
        sides = []
        for name in [each for each in stack.layer_names if each.startswith(f"l{index}")]:
            layer, traces[name] = stack.get_submodule(name), []
            step = STEPS[cell](layer.input_size, layer.hidden_size, dtype=torch.float64)
            step.load_state_dict(layer.state_dict())
            back = name.endswith("_reverse")
            found = one_way(step, inputs.flip(0) if back else inputs, traces[name])
            sides.append(torch.stack(found[::-1] if back else found))
        output = torch.cat(sides, -1)
        is_added = stack.residual and output.shape == inputs.shape
        above = model.norm if index == stack.num_layers - 1 else stack.norms[index]
        inputs = normed(output + inputs if is_added else output, above, kind)
    return inputs, traces


@pytest.mark.parametrize("kind", ["layer", "batch"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("both", [False, True])
def test_total_gradients_are_autograds_of_the_textbook(kind: str, cell: str, both: bool) -> None:
    """Of three layers with skips, of all sequences or of two; and so is what the readout reads."""
    model = model_of(norm=kind, cell=cell, num_layers=3, residual=True, bidirectional=both)
    inputs = normal(7, 6, 2, seed=5)
    factors = torch.linspace(0.5, 1.5, 7 * 6 * (10 if both else 5), dtype=torch.float64)
    flows = []
    for probes in (None, 2):
        with watch(model.recurrent, probe_size=probes) as watching:
            read = model.norm(model.recurrent(inputs)[0])
            (read**3 * factors.view_as(read)).sum().backward()
        flows.append(watching.layers)
    expected, traces = textbook(model, inputs, kind, cell)
    torch.testing.assert_close(read, expected, rtol=1e-11, atol=1e-12)
    (expected**3 * factors.view_as(expected)).sum().backward()
    assert list(traces) == model.recurrent.layer_names == list(flows[0])
    for name, trace in traces.items():
        grads = torch.stack([each.grad for each in trace])
        grads = grads.flip(0) if name.endswith("_reverse") else grads
        for found, probes in zip(flows, (6, 2), strict=True):
            torch.testing.assert_close(
                found[name].hidden_grad, grads[:, :probes], rtol=1e-9, atol=1e-11
            )


@pytest.mark.parametrize("kind", ["layer", "batch"])
@pytest.mark.parametrize("cell", RECURRENT)
def test_contributions_sum_to_the_gradient_that_trains(kind: str, cell: str) -> None:
    """Of every cell, with dropout between its layers; float32 gives the same but for rounding."""
    found = {}
    for dtype in ("float64", "float32"):
        settings = {"norm": kind, "cell": cell, "num_layers": 2, "dropout": 0.3, "dtype": dtype}
        trainer = Trainer(RunConfig(**SMALL | settings))
        batch = trainer._batch()
        with watch(trainer.model.watched) as watching:
            trainer._propagate(batch)
        found[dtype] = watching.layers["l0"].hidden_grad
        for name, flow in watching.layers.items():
            if flow.weight_hh is not None and cell != "orthogonal_rnn":
                grad = trainer.model.recurrent.get_parameter(f"{name}.weight_hh").grad
                exact = {"rtol": 1e-8, "atol": 1e-12} if dtype == "float64" else {}
                ours = flow.weight_grad().to(grad.dtype)
                torch.testing.assert_close(ours, grad, **exact or {"rtol": 1e-3, "atol": 1e-6})
    torch.testing.assert_close(*found.values(), rtol=1e-2, atol=1e-5)


@pytest.mark.parametrize("kind", ["layer", "batch"])
def test_what_is_normed_has_mean_0_and_variance_1(kind: str) -> None:
    norm, values = norm_of(kind, 40), 3 * normal(9, 50, 40) + 2
    output = norm(values).detach()
    torch.testing.assert_close(output, normed(values, norm, kind))
    axes = -1 if kind == "layer" else (0, 1)
    assert float(output.mean(axes).abs().max()) < 1e-12
    torch.testing.assert_close(
        output.var(axes, correction=0), torch.ones_like(output.mean(axes)), rtol=1e-4, atol=0
    )


def test_where_nothing_is_trained_batch_norm_takes_what_it_has_seen() -> None:
    """Running ones: 0.9 of the old and 0.1 of the new, the variance by T·B − 1."""
    norm, values = norm_of("batch", 4), normal(3, 5, 4) * 2 + 1
    norm(values)
    flat = values.reshape(15, 4)
    mean = 0.1 * flat.sum(0) / 15
    variance = 0.9 + 0.1 * ((flat - flat.sum(0) / 15) ** 2).sum(0) / 14
    one = normal(1, 1, 4, seed=1)
    with answering(norm):
        torch.testing.assert_close(norm(one), (one - mean) / torch.sqrt(variance + 1e-5))
    held = Trainer(RunConfig(task="char_lm", norm="batch", seq_len=20, hidden_size=8))
    held.train_step("none")
    before = {name: each.clone() for name, each in held.model.state_dict().items()}
    assert held.held_out_loss() > 0
    assert len(held.sample_text(10)) == 10
    assert all(torch.equal(each, before[name]) for name, each in held.model.state_dict().items())


def test_a_layer_norm_between_layers_does_not_underflow() -> None:
    """What autograd has below in float32 is 0; in float64 it is what is found."""
    found = []
    for dtype in ("float32", "float64"):
        model = model_of(norm="layer", cell="gru", num_layers=3, seq_len=250, dtype=dtype)
        for name, each in model.named_parameters():
            if "weight_hh" in name or "bias" in name:
                each.data *= 0.1
        with watch(model.recurrent) as watching:
            inputs = normal(250, 2, 2).float().to(next(model.parameters()).dtype)
            model(inputs.requires_grad_()).sum().backward()
        found.append([flow.hidden_grad_log10 for flow in watching.layers.values()])
        assert bool((inputs.grad[0] == 0).all()) == (dtype == "float32")
    assert float(found[1][0][0].max()) < -50
    torch.testing.assert_close(*found, rtol=1e-3, atol=1e-2)


def test_above_frozen_layers_a_batch_norm_ends_what_is_measured() -> None:
    """Autograd does not go on there; a layer norm is replayed and measured as ever."""
    for kind, names in (("layer", ["l0", "l1", "l2"]), ("batch", ["l2"])):
        model = model_of(norm=kind, num_layers=3)
        for layer in model.recurrent.layers[:2]:
            layer.requires_grad_(False)
        model.recurrent.norms[0].requires_grad_(False)
        with watch(model.recurrent) as watching:
            model(normal(7, 6, 2)).sum().backward()
        assert list(watching.layers) == names


@pytest.mark.parametrize("kind", ["layer", "batch"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"cell": "lstm", "num_layers": 2, "dropout": 0.2},
        {"cell": "mgu", "num_layers": 2, "residual": True},
        {"cell": "fully_connected", "num_layers": 2},
        {"task": "sunspots", "cell": "gru", "num_layers": 2, "state": "stateful"},
    ],
)
def test_a_training_is_the_same_however_it_is_looked_at(
    kind: str, settings: dict[str, Any]
) -> None:
    """Measured or not, and from a checkpoint on, running means and variances included."""
    config = RunConfig(**SMALL | {"dtype": "float32", "norm": kind} | settings)
    bare, looked, again = Trainer(config), Trainer(config), Trainer(config)
    first = [bare.train_step("none").loss for _ in range(3)]
    kept = bare.checkpoint()
    rest = [bare.train_step("none").loss for _ in range(3)]
    assert [looked.train_step("full").loss for _ in range(6)] == first + rest
    again.restore(kept)
    assert [again.train_step("light").loss for _ in range(3)] == rest
    for name, each in bare.model.state_dict().items():
        assert torch.equal(each, again.model.state_dict()[name])


def test_an_encoder_and_its_decoder_have_layer_norms() -> None:
    settings = {"task": "copy_sequence", "norm": "layer", "num_layers": 2, "attention": "dot"}
    trainer = Trainer(RunConfig(**SMALL | settings | {"teacher_forcing": 0.5}))
    batch = trainer._batch()
    with watch(trainer.model) as watching:
        trainer._propagate(batch)
    assert len(watching.layers) == 4
    for name, flow in watching.layers.items():
        grad = trainer.model.get_parameter(f"{name}.weight_hh").grad
        torch.testing.assert_close(flow.weight_grad(), grad, rtol=1e-8, atol=1e-12)


def test_truncated_gradients_are_autograds() -> None:
    settings = {"norm": "layer", "num_layers": 2, "readout": "mean", "bptt_window": 3}
    trainer = Trainer(RunConfig(**SMALL | settings | {"bptt_every": 2}))
    batch = trainer._batch()
    with trainer._instrument.watch() as watching:
        trainer._propagate(batch)
    for name, flow in trainer._instrument.flows(watching).items():
        assert flow.hidden_grad.shape == (7, 6, 5)
        grads = [each.weight_grad() for key, each in watching.layers.items() if name in key]
        grad = trainer.model.recurrent.get_parameter(f"{name}.weight_hh").grad
        torch.testing.assert_close(sum(grads), grad, rtol=1e-8, atol=1e-12)


def test_off_it_is_the_network_without() -> None:
    """The fused module, the same parameters and random numbers; on, the same weights at first."""
    off, on = (RunConfig(num_layers=2, norm=kind) for kind in ("none", "batch"))
    bare, with_norms = (build_model(each, task_of(each)) for each in (off, on))
    assert type(bare.recurrent) is nn.RNN
    assert type(with_norms.recurrent) is Stack
    assert not list(bare.norm.parameters())
    weights = {name.replace("_l", ".l"): each for name, each in bare.named_parameters()}
    found = [each for name, each in with_norms.named_parameters() if "norm" not in name]
    assert len(weights) == len(found)
    for one, two in zip(weights.values(), found, strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"task": "copy_sequence"}, "norm must be none or layer for copy_sequence, whose decoder"),
        ({"bptt_window": 9}, "norm must be none or layer where the gradient is truncated"),
        ({"cell": "fully_connected", "batch_size": 1}, "with a batch_size of 1, whose variance"),
    ],
)
def test_what_has_no_mean_of_a_batch_is_told(settings: dict[str, Any], sentence: str) -> None:
    assert RunConfig(**settings, norm="layer").norm == "layer"
    with pytest.raises(ConfigError, match=sentence):
        RunConfig(**settings, norm="batch")


def test_batch_norm_gives_way_to_an_encoder_decoder() -> None:
    assert RunConfig(norm="batch").replace(task="copy_sequence").norm == "none"
    assert RunConfig(norm="layer").replace(task="copy_sequence").norm == "layer"
