"""The network over the whole window: its parts, its gradients, what it refuses, what is said."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from plotly.graph_objects import Figure

from gradviz import Trainer, figures
from gradviz.config import CELLS, TASKS, ConfigError, RunConfig
from gradviz.figures.card import card
from gradviz.flow import WatchError, watch_window
from gradviz.history import CloseUpRequest, History
from gradviz.model import WindowModel, build_model
from gradviz.reading import read, read_compare, read_gates, read_vanishing
from gradviz.tasks import task_of

CELL = "fully_connected"
ONCE = [name for name, spec in TASKS.items() if spec.answers == "once"]
SMALL = {"cell": CELL, "hidden_size": 5, "batch_size": 3}


def model_of(**settings: object) -> WindowModel:
    config = RunConfig(**{**SMALL, **settings})
    model = build_model(config, task_of(config))
    assert isinstance(model, WindowModel)
    return model


def test_its_parameters_grow_with_the_timesteps() -> None:
    """H(TI + 1) + (L − 1) H(H + 1) + O(H + 1); adding reads I = 2 and answers O = 1."""
    for timesteps, layers in ((10, 1), (10, 3), (20, 1)):
        model = model_of(seq_len=timesteps, num_layers=layers)
        counted = sum(each.numel() for each in model.parameters())
        assert counted == 5 * (2 * timesteps + 1) + (layers - 1) * 5 * 6 + 6


@pytest.mark.parametrize("residual", [False, True])
def test_it_is_its_equation(residual: bool) -> None:
    """Written out, timestep by timestep of the window."""
    model = model_of(seq_len=7, num_layers=3, residual=residual, dtype="float64")
    inputs = torch.randn(7, 3, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = model(inputs)
    first, second, third = model.hidden.layers
    for b in range(3):
        drive = first.bias.clone()
        for t in range(7):
            drive += first.weight[:, 2 * t : 2 * t + 2] @ inputs[t, b]
        one = torch.tanh(drive)
        two = torch.tanh(second.weight @ one + second.bias) + residual * one
        three = torch.tanh(third.weight @ two + third.bias) + residual * two
        answer = model.readout.weight @ three + model.readout.bias
        torch.testing.assert_close(found[b], answer, rtol=1e-12, atol=0)


@pytest.mark.parametrize("task", ONCE)
def test_it_answers_every_task_that_is_answered_once(task: str) -> None:
    config = RunConfig(**SMALL, task=task)
    trainer = Trainer(config)
    record = trainer.train_step("full")
    (layer,) = record.layers.values()
    assert list(record.layers) == ["window"] == list(config.layer_names)
    assert layer.hidden_grad_norm is not None
    assert layer.hidden_grad_norm.shape == (config.timesteps, 3)
    assert np.isfinite(record.loss)
    assert (layer.gates, layer.jacobian_norm, layer.transport_log10) == ({}, None, None)
    assert (layer.jacobian_bound, layer.gradient_horizon) == (None, None)


def test_what_is_recorded_is_autograds_gradient_of_the_inputs() -> None:
    model = model_of(seq_len=9, num_layers=2, dtype="float64")
    inputs = torch.randn(9, 3, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    with watch_window(model.watched, 9, probe_size=2) as watching:
        model(inputs).square().sum().backward()
    leaf = inputs.clone().requires_grad_()
    model(leaf).square().sum().backward()
    assert leaf.grad is not None
    torch.testing.assert_close(watching.input_grad, leaf.grad[:, :2], rtol=1e-10, atol=0)
    torch.testing.assert_close(
        watching.input_grad_norm, leaf.grad[:, :2].norm(dim=-1), rtol=1e-10, atol=0
    )


def test_of_tokens_it_is_that_of_their_embedding() -> None:
    model = model_of(task="text_classification", seq_len=4, embedding_size=6, dtype="float64")
    assert model.embedding is not None
    tokens = torch.tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]])
    with watch_window(model.watched, 4) as watching:
        model(tokens)[:, 0].sum().backward()
    grad = model.embedding.weight.grad
    assert grad is not None
    torch.testing.assert_close(watching.input_grad, grad[tokens], rtol=1e-10, atol=0)


def test_the_weights_are_those_of_the_pass() -> None:
    model = model_of(seq_len=5)
    with watch_window(model.watched, 5) as watching:
        model(torch.ones(5, 3, 2)).sum().backward()
        before = watching.input_grad_norm
        with torch.no_grad():
            model.watched.weight.zero_()
    torch.testing.assert_close(watching.input_grad_norm, before)


def test_watching_refuses_what_it_cannot_tell() -> None:
    model = model_of(seq_len=5)
    with watch_window(model.watched, 5) as watching:
        with torch.no_grad():
            model(torch.ones(5, 3, 2))
        with pytest.raises(WatchError, match="call loss"):
            _ = watching.input_grad
        loss = model(torch.ones(5, 3, 2)).sum()
        loss.backward(retain_graph=True)
        loss.backward()
        with pytest.raises(WatchError, match="ran twice"):
            _ = watching.input_grad
    assert not model.watched._forward_hooks


def test_measuring_leaves_no_footprint() -> None:
    watched, bare = (Trainer(RunConfig(**SMALL, num_layers=2, dropout=0.3)) for _ in range(2))
    losses = [(watched.train_step("full").loss, bare.train_step("none").loss) for _ in range(5)]
    assert [one for one, _ in losses] == [two for _, two in losses]


def test_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="must have 6 timesteps"):
        model_of(seq_len=6)(torch.ones(7, 3, 2))


@pytest.mark.parametrize("task", sorted(set(TASKS) - set(ONCE)))
def test_tasks_answered_at_every_timestep_are_refused(task: str) -> None:
    with pytest.raises(ConfigError, match=f"cell must be a recurrent one for {task}"):
        RunConfig(task=task, cell=CELL)


def test_both_directions_are_refused_and_given_up() -> None:
    with pytest.raises(ConfigError, match="bidirectional must be off for fully_connected"):
        RunConfig(cell=CELL, bidirectional=True)
    assert not RunConfig(bidirectional=True).replace(cell=CELL).bidirectional


def test_state_and_truncation_are_refused_and_given_up() -> None:
    for settings, words in (
        ({"state": "stateful"}, "state must be stateless for fully_connected"),
        ({"bptt_window": 5}, "bptt_window must be 0 for fully_connected"),
    ):
        with pytest.raises(ConfigError, match=words):
            RunConfig(task="sunspots", seq_len=20, cell=CELL, **settings)
        recurrent = RunConfig(task="sunspots", seq_len=20, **settings)
        replaced = recurrent.replace(cell=CELL)
        assert (replaced.state, replaced.bptt_window) == ("stateless", 0)
        with pytest.raises(ConfigError, match=words):
            RunConfig(task="sunspots", cell=CELL).replace(**settings)


def test_too_many_weights_are_refused() -> None:
    sizes = {"seq_len": 200, "embedding_size": 512, "hidden_size": 512, "batch_size": 1}
    with pytest.raises(ConfigError, match="at most 10,000,000 for fully_connected") as raised:
        RunConfig(task="text_classification", cell=CELL, **sizes)
    assert list(raised.value.problems) == ["work"]
    RunConfig(task="text_classification", cell="gru", **sizes)
    RunConfig(task="text_classification", cell=CELL, **{**sizes, "hidden_size": 64})


@pytest.fixture(scope="module")
def history() -> History:
    """Of 40 steps, each measured, with a wish to look closely."""
    trainer = Trainer(RunConfig(**{**SMALL, "seq_len": 12, "batch_size": 16}))
    trainer.closeup = CloseUpRequest()
    told = History(trainer.config, floor=trainer.floor)
    for _ in range(40):
        told.append(trainer.train_step("full"))
    return told


def words_of(figure: Figure) -> str:
    return " ".join(str(each.text) for each in figure.layout.annotations)


def test_the_flow_is_named_for_the_inputs(history: History) -> None:
    assert history.is_memoryless
    flow = figures.gradient_flow(history)
    assert flow.layout.yaxis.title.text == "‖∂L/∂x<sub>t</sub>‖"
    over_training = figures.gradient_flow_over_training(history)
    assert over_training.data[0].colorbar.title.text == "‖∂L/∂x<sub>t</sub>‖"
    assert "‖∂L/∂x‖" in card(history)
    for figure in (flow, over_training):
        assert not words_of(figure)


def test_beside_a_recurrent_one_both_are_named(history: History) -> None:
    trainer = Trainer(RunConfig(seq_len=12, hidden_size=5, batch_size=16))
    other = History(trainer.config, floor=trainer.floor)
    for _ in range(30):
        other.append(trainer.train_step("full"))
    runs = {"window": [history], "RNN": [other]}
    axis = figures.COMPARE["compare_flow"](runs).layout.yaxis.title.text
    assert "∂L/∂h<sub>t</sub>" in axis
    assert "∂L/∂x<sub>t</sub>" in axis
    alone = figures.COMPARE["compare_transport"]({"window": [history]})
    assert "carries nothing" in words_of(alone)
    reach = read_compare(runs).sentences[1]
    assert "in RNN" in reach
    assert "window" not in reach


@pytest.mark.parametrize(
    "picture", ["step_jacobians", "transport", "gates", *figures.GATES, *figures.VANISHING]
)
def test_an_empty_picture_says_why(picture: str, history: History) -> None:
    made = {**figures.LIVE, **figures.GATES, **figures.VANISHING}[picture](history)
    assert "carries nothing<br>from timestep to timestep" in words_of(made)


def test_the_words_claim_no_memory(history: History) -> None:
    first, *_ = read(history).sentences
    assert first.startswith("It reads all 12 timesteps at once and carries nothing between them")
    log10 = history.frames[-1].top_layer.hidden_grad_log10
    ratio = 10 ** float(np.median(log10[0]) - np.median(log10[-1]))
    assert f"is {ratio:.3g} times that at t = T" in first
    for said in (read_vanishing(history), read_gates(history)):
        assert "othing is carried from timestep to timestep" in said.sentences[0]


def test_it_alone_is_not_recurrent() -> None:
    assert [name for name, spec in CELLS.items() if not spec.is_recurrent] == [CELL]
