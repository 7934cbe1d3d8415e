"""Greedy layer-wise pre-training: what runs, what moves, what is measured, stage by stage."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gradviz import History, RunConfig, Trainer, figures
from gradviz.cells import Stack
from gradviz.config import ConfigError
from gradviz.flow import watch
from gradviz.history import CloseUpRequest, Frame
from gradviz.model import build_model
from gradviz.reading import read
from gradviz.remedies import stage_of
from gradviz.tasks import task_of

N = 2
SMALL = {"seq_len": 6, "hidden_size": 5, "batch_size": 4, "num_layers": 3, "pretrain_steps": N}


def weights(trainer: Trainer) -> dict[str, Tensor]:
    return {name: each.detach().clone() for name, each in trainer.model.named_parameters()}


def moved(trainer: Trainer) -> set[str]:
    """The parameters' first names that a step changes: "l0", "readout", …."""
    before = weights(trainer)
    trainer.train_step("none")
    after = weights(trainer)
    changed = [name for name, each in before.items() if not torch.equal(each, after[name])]
    same = [name for name in before if name not in changed]
    found, kept = ({_place(name) for name in names} for names in (changed, same))
    assert not found & kept
    return found


def _place(name: str) -> str:
    return ".".join(name.removeprefix("recurrent.").split(".")[: 2 if "norms" in name else 1])


def test_stages() -> None:
    config = RunConfig(num_layers=3, pretrain_steps=10)
    found = [stage_of(config, step) for step in (0, 9, 10, 19, 20, 29, 30, 10_000)]
    assert found == [0, 0, 1, 1, 2, 2, 3, 3]
    assert stage_of(RunConfig(num_layers=3), 0) == 3


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "mgu"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_stage_moves_its_own_layer_and_the_readout_alone(cell: str, optimizer: str) -> None:
    """Bit for bit; adamw would let weights without a gradient decay."""
    trainer = Trainer(RunConfig(**SMALL, cell=cell, optimizer=optimizer, momentum=0.9))
    found = [moved(trainer) for _ in range(4 * N)]
    names = [{name, "readout"} for name in ("l0", "l1", "l2") for _ in range(N)]
    assert found == names + N * [{"l0", "l1", "l2", "readout"}]


@pytest.mark.parametrize("clip", ["norm", "agc"])
def test_penalties_decay_and_constraints_leave_frozen_layers_alone(clip: str) -> None:
    """Bit for bit as well."""
    remedies = {"l1": 0.01, "l2": 0.01, "weight_decay": 0.1, "omega": 0.1, "clip": clip}
    held = {"recurrent_constraint": "spectral", "input_constraint": "unit_norm"}
    trainer = Trainer(RunConfig(**SMALL, **remedies, **held, norm="layer"))
    for _ in range(N):
        trainer.train_step("none")
    before = trainer.model.recurrent.l0.state_dict()
    before = {name: each.clone() for name, each in before.items()}
    for _ in range(N):
        trainer.train_step("none")
    for name, each in trainer.model.recurrent.l0.named_parameters():
        assert torch.equal(each, before[name])


def test_what_a_layer_reads_through_is_trained_with_it() -> None:
    """An embedding with the lowest layer, a norm with the layer above it."""
    settings = {"task": "char_lm", "norm": "layer", "bptt_window": 3}
    trainer = Trainer(RunConfig(**SMALL | settings))
    top = {"readout", "norm"}
    expected = [
        *N * [{"embedding", "l0"} | top],
        *N * [{"l1", "norms.0"} | top],
        *N * [{"l2", "norms.1"} | top],
        {"embedding", "l0", "l1", "l2", "norms.0", "norms.1"} | top,
    ]
    assert [moved(trainer) for _ in range(3 * N + 1)] == expected


def test_the_losses_are_those_of_networks_that_grow() -> None:
    """A loop of bare PyTorch: a network a stage, whose lower layers are copied and not trained."""
    trainer = Trainer(config := RunConfig(**SMALL, cell="gru", clip="none", learning_rate=0.05))
    start = build_model(config, task := task_of(config))
    layers = [nn.GRU(2, 5), nn.GRU(5, 5), nn.GRU(5, 5)]
    for own, theirs in zip(layers, start.recurrent.layers, strict=True):
        own.load_state_dict({f"{name}_l0": each for name, each in theirs.state_dict().items()})
    readout = nn.Linear(5, 1)
    readout.load_state_dict(start.readout.state_dict())
    draw = torch.Generator().manual_seed(config.seed + 2**31)
    for stage in range(4):
        trained = [*(layers if stage == 3 else [layers[stage]]), readout]
        optimizer = torch.optim.Adam([each for m in trained for each in m.parameters()], lr=0.05)
        for _ in range(N):
            batch = task.sample(4, draw)
            read = batch.inputs
            for place, layer in enumerate(layers[: stage + 1]):
                read = layer(read)[0] if place >= stage or stage == 3 else layer(read)[0].detach()
            loss = task.loss(readout(read[-1]), batch.targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            assert trainer.train_step("none").loss == pytest.approx(loss.item(), rel=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "adam", "dropout": 0.3},
        {"cell": "lstm", "norm": "layer", "bidirectional": True},
        {"cell": "mgu", "residual": True, "optimizer": "rmsprop", "momentum": 0.5},
        {"task": "sunspots", "state": "stateful", "cell": "lstm", "num_layers": 2},
    ],
)
def test_a_checkpoint_goes_on_from_any_stage(settings: dict[str, Any]) -> None:
    """Bit for bit, also from the last step of a stage, and measured."""
    config = RunConfig(**SMALL | settings)
    trainer, other = Trainer(config), Trainer(config)
    steps = (config.num_layers + 1) * N
    kept, losses = [], []
    for _ in range(steps):
        kept.append(trainer.checkpoint())
        losses.append(trainer.train_step("none").loss)
    for step in (steps - 1, 0, N - 1, N, N + 1):
        other.restore(kept[step])
        assert [other.train_step("full").loss for _ in range(step, steps)] == losses[step:]
    for name, each in trainer.model.state_dict().items():
        assert torch.equal(each, other.model.state_dict()[name])


@pytest.mark.parametrize("norm", ["none", "layer"])
def test_what_is_measured_are_the_layers_that_run(norm: str) -> None:
    """The others have empty records, and pages draw what there is."""
    config = RunConfig(**SMALL, norm=norm)
    trainer, history = Trainer(config), History(config)
    trainer.closeup = CloseUpRequest(layer="l2")
    for stage in range(4):
        for _ in range(N):
            record = trainer.train_step("full")
            names = [
                name for name, each in record.layers.items() if each.gradient_horizon is not None
            ]
            assert list(record.layers) == ["l0", "l1", "l2"]
            assert names == ["l0", "l1", "l2"][: stage + 1]
            assert list(Frame.from_record(record).layers) == names
            history.append(record)
        for step in (1, None):
            for draw in (figures.LIVE | figures.VANISHING | figures.GATES).values():
                assert draw(history, step).layout.title.text
            assert read(history, step).sentences
        assert bool(figures.gradient_flow_over_training(history, layer="l2").data) == (stage > 1)


@pytest.mark.parametrize("norm", ["none", "layer"])
def test_gradients_of_frozen_layers_are_autograds_of_the_network_that_runs(norm: str) -> None:
    """By a copy with nothing frozen, whose autograd goes down to the inputs."""
    config = RunConfig(**SMALL, dtype="float64", norm=norm, cell="lstm", residual=True)
    model = build_model(config, task_of(config))
    inputs = torch.randn(6, 4, 2, dtype=torch.float64)
    model.begin_stage(1)
    with watch(model.recurrent) as frozen:
        model(inputs).square().sum().backward()
    assert model.recurrent.l0.weight_hh.grad is None
    model.requires_grad_(True)
    model.zero_grad()
    model(inputs).square().sum().backward()
    assert list(frozen.layers) == ["l0", "l1"]
    for name, flow in frozen.layers.items():
        grad = model.recurrent.get_parameter(f"{name}.weight_hh").grad
        torch.testing.assert_close(flow.weight_grad(), grad, rtol=1e-9, atol=1e-12)
    assert model.recurrent.l2.weight_hh.grad is None


def test_what_a_stage_is_trained_by_is_what_is_clipped_and_told() -> None:
    trainer = Trainer(RunConfig(**SMALL, clip="none"))
    for _ in range(N + 1):
        record = trainer.train_step("none")
    trained = [*trainer.model.recurrent.l1.parameters(), *trainer.model.readout.parameters()]
    norm = torch.stack([each.grad.norm() for each in trained]).norm()
    assert record.grad_norm_pre == pytest.approx(float(norm), rel=1e-5)
    assert all(each.grad is None for each in trainer.model.recurrent.l0.parameters())
    with torch.no_grad():
        trainer.model.recurrent.l0.weight_hh.fill_(torch.nan)  # A frozen one.
    assert trainer.train_step("full").failure.tensor == "loss"


def test_off_nothing_is_a_stage() -> None:
    """The fused module, all of it trained; on, the same weights at first."""
    off, on = (RunConfig(num_layers=2, pretrain_steps=steps) for steps in (0, 5))
    bare, staged = (build_model(each, task_of(each)) for each in (off, on))
    assert type(bare.recurrent) is nn.RNN
    assert type(staged.recurrent) is Stack
    for one, two in zip(bare.parameters(), staged.parameters(), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"num_layers": 1}, "pretrain_steps must be 0 with one layer, .*, got 9"),
        ({"cell": "fully_connected"}, "pretrain_steps must be 0 for fully_connected, .* got 9"),
        ({"task": "copy_sequence"}, "pretrain_steps must be 0 for copy_sequence: .* got 9"),
        ({"norm": "batch"}, "pretrain_steps must be 0 with batch norm, .* got 9; layer norm"),
    ],
)
def test_what_has_no_layers_to_train_alone_is_told(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        RunConfig(**{"num_layers": 2} | settings, pretrain_steps=9)


def test_it_gives_way_to_a_new_cell_or_task() -> None:
    config = RunConfig(**SMALL)
    assert config.replace(cell="fully_connected").pretrain_steps == 0
    assert config.replace(task="copy_sequence").pretrain_steps == 0
    assert config.replace(cell="gru").pretrain_steps == N
    with pytest.raises(ConfigError, match="pretrain_steps must be 0 for copy_sequence"):
        config.replace(task="copy_sequence", pretrain_steps=5)
