"""Trainer: a state that goes on from batch to batch, and a gradient that stops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from gradviz.config import ConfigError, RunConfig
from gradviz.history import CloseUpRequest, StepRecord
from gradviz.training import Trainer

pytestmark = pytest.mark.usefixtures("training_thread")

WALK = 3
"""Windows of 10 years in a stream of 38, of eight."""

CELLS = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])


def stateful(**settings: object) -> RunConfig:
    few = {"seq_len": 10, "batch_size": 8, "hidden_size": 6}
    return RunConfig(**{"task": "sunspots", "state": "stateful", **few, **settings})


def truncated(**settings: object) -> RunConfig:
    few = {"seq_len": 5, "batch_size": 8, "hidden_size": 8, "task": "copy_memory"}
    return RunConfig(**{"bptt_window": 7, "bptt_every": 3, **few, **settings})


def steps(trainer: Trainer, count: int, measure: str = "none") -> list[StepRecord]:
    return [trainer.train_step(measure) for _ in range(count)]  # type: ignore[arg-type]


def losses(trainer: Trainer, count: int, measure: str = "none") -> list[float]:
    return [each.loss for each in steps(trainer, count, measure)]


@CELLS
@pytest.mark.parametrize("layers", [1, 2])
def test_a_plain_loop_that_carries_its_state_gives_the_same_losses(cell: str, layers: int) -> None:
    """Through two turns of the walk, at whose beginning the state is zero again."""
    config = stateful(cell=cell, num_layers=layers, clip="none")
    trainer, twin = Trainer(config), Trainer(config)
    optimizer = torch.optim.Adam(twin.model.parameters(), lr=config.learning_rate)
    state = None
    for step in range(2 * WALK + 1):
        assert twin.task.stream is not None
        batch = twin.task.stream(8, step)
        state = state if step % WALK else None
        hidden, state = twin.model.recurrent(batch.inputs, state)
        state = tuple(x.detach() for x in state) if isinstance(state, tuple) else state.detach()
        loss = nn.functional.mse_loss(twin.model.readout(hidden[-1]), batch.targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert trainer.train_step("none").loss == loss.item()


@CELLS
@pytest.mark.parametrize("window", [0, 4])
def test_batches_are_one_long_sequence_to_the_state(cell: str, window: int) -> None:
    """With weights that hardly move: what is carried in is the state of one long pass there."""
    config = stateful(
        cell=cell,
        optimizer="sgd",
        learning_rate=1e-8,
        dtype="float64",
        bptt_window=window,
        readout="mean" if window else "last",
    )
    trainer = Trainer(config)
    assert trainer.task.stream is not None
    inputs = torch.cat([trainer.task.stream(8, index).inputs for index in range(WALK)])
    model = Trainer(config).model
    for index, record in enumerate(steps(trainer, WALK, "light")):
        found = record.layers["l0"].start_norm
        assert found is not None
        if not index:
            assert np.array_equal(found, np.zeros(8))
            continue
        _, last = model.recurrent(inputs[: 10 * index].double())
        parts = [each[0].detach() for each in (last if isinstance(last, tuple) else (last,))]
        expected = torch.cat(parts, -1).norm(dim=-1).numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert found.min() > 0.01


def test_the_state_begins_anew_with_the_walk() -> None:
    norms = [each.layers["l0"].start_norm for each in steps(Trainer(stateful()), 7, "light")]
    zero = [norm is not None and not norm.any() for norm in norms]
    assert zero == [True, False, False, True, False, False, True]
    stateless = steps(Trainer(stateful(state="stateless")), 3, "light")
    assert not any(each.layers["l0"].start_norm.any() for each in stateless)


def test_no_gradient_goes_back_into_the_batch_before() -> None:
    trainer = Trainer(stateful(cell="lstm", num_layers=2))
    steps(trainer, 2)
    assert trainer._state is not None
    assert len(trainer._state) == 2
    assert all(part.grad_fn is None and not part.requires_grad for part in trainer._state)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("window", [0, 4])
def test_a_checkpoint_holds_the_state(cell: str, window: int) -> None:
    config = stateful(cell=cell, num_layers=2, bptt_window=window, readout="mean")
    trainer = Trainer(config)
    losses(trainer, 2)
    data = trainer.checkpoint()
    expected = losses(trainer, 5)
    fresh = Trainer(config)
    fresh.restore(data)
    assert losses(fresh, 5) == expected
    trainer.restore(data)
    assert losses(trainer, 5) == expected
    # It must be the state that does it: without one the next loss is another.
    fresh.restore(data)
    fresh._state = None
    assert losses(fresh, 1) != expected[:1]


def test_a_batch_that_the_data_are_too_few_for_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="batch_size must be at most 30"):
        Trainer(stateful(batch_size=31))
    assert Trainer(stateful(batch_size=31, state="stateless")).train_step("none").step == 1


@CELLS
@pytest.mark.parametrize("config", [stateful(), truncated(), truncated(bptt_every=7)])
def test_measuring_leaves_no_trace(cell: str, config: RunConfig) -> None:
    config = config.replace(cell=cell, num_layers=2)
    bare, measured = Trainer(config), Trainer(config)
    measured.closeup = CloseUpRequest()
    count = 2 * WALK + 1
    assert losses(measured, count, "full") == losses(bare, count, "none")
    for one, other in zip(bare.model.parameters(), measured.model.parameters(), strict=True):
        assert torch.equal(one, other)


@CELLS
@pytest.mark.parametrize(("every", "window"), [(3, 7), (7, 7), (1, 2)])
def test_the_forward_pass_is_the_same(cell: str, every: int, window: int) -> None:
    whole = Trainer(truncated(cell=cell, num_layers=2, bptt_window=0, bptt_every=0))
    trainer = Trainer(truncated(cell=cell, num_layers=2, bptt_every=every, bptt_window=window))
    one, other = (each.train_step("none") for each in (whole, trainer))
    assert one.loss == pytest.approx(other.loss, rel=1e-6)
    assert one.accuracy == other.accuracy
    assert one.grad_norm_pre != pytest.approx(other.grad_norm_pre, rel=1e-4)


@CELLS
@pytest.mark.parametrize("every", [0, 5, 25])
def test_a_window_of_the_whole_sequence_is_no_truncation_bit_for_bit(cell: str, every: int) -> None:
    whole = Trainer(truncated(cell=cell, bptt_window=0, bptt_every=0))
    assert losses(Trainer(truncated(cell=cell, bptt_window=25, bptt_every=every)), 6) == losses(
        whole, 6
    )


def test_a_truncated_run_goes_on_from_a_checkpoint() -> None:
    trainer = Trainer(truncated(cell="lstm"))
    losses(trainer, 3)
    data = trainer.checkpoint()
    expected = losses(trainer, 3)
    fresh = Trainer(truncated(cell="lstm"))
    fresh.restore(data)
    assert losses(fresh, 3) == expected


def test_a_measured_step_shows_where_the_gradient_stops() -> None:
    config = RunConfig(task="recall", seq_len=30, bptt_window=12, cell="gru", hidden_size=8)
    trainer = Trainer(config)
    trainer.closeup = CloseUpRequest()
    record = trainer.train_step("full")
    layer = record.layers["l0"]
    assert list(record.layers) == ["l0"]
    assert layer.hidden_grad_norm is not None
    assert layer.transport_log10 is not None
    assert layer.hidden_grad_norm.shape == (30, 8)
    assert not layer.hidden_grad_norm[:18].any()
    assert layer.hidden_grad_norm[18:].all()
    assert np.isfinite(layer.transport_log10).all()
    assert record.closeup is not None
    assert record.closeup.hidden.shape == (30, 8)
    whole = Trainer(config.replace(bptt_window=0)).train_step("full").layers["l0"]
    assert whole.hidden_grad_norm is not None
    np.testing.assert_allclose(layer.hidden_grad_norm[18:], whole.hidden_grad_norm[18:], rtol=1e-5)
    np.testing.assert_allclose(layer.transport_log10, whole.transport_log10, atol=0.02)


@pytest.mark.parametrize(("every", "window"), [(4, 9), (5, 5)])
def test_an_embedding_receives_what_the_windows_bring(every: int, window: int) -> None:
    """Against passes of their own, each from its window's first token to its last."""
    config = RunConfig(
        task="char_lm",
        seq_len=15,
        batch_size=4,
        embedding_size=6,
        hidden_size=5,
        num_layers=2,
        cell="gru",
        clip="none",
        dtype="float64",
        dropout=0.0,
        bptt_every=every,
        bptt_window=window,
    )
    trainer, twin = Trainer(config), Trainer(config)
    batch, model = twin._batch(), twin.model
    trainer.train_step("none")
    for first, since, end in config.windows:
        _, state = model.recurrent(model.embed(batch.inputs[:first])) if first else (None, None)
        given = None if state is None else state.detach()
        hidden, _ = model.recurrent(model.embed(batch.inputs[first:end]), given)
        answers = model.readout(hidden[since - first :])
        loss = nn.functional.cross_entropy(
            answers.flatten(0, 1), batch.targets[since:end].flatten(), reduction="sum"
        )
        (loss / batch.targets.numel()).backward()
    for name, parameter in trainer.model.named_parameters():
        torch.testing.assert_close(parameter.grad, model.get_parameter(name).grad, msg=name)


@pytest.mark.parametrize("window", [0, 6])
def test_dropout_is_the_same_measured_or_not_and_after_a_checkpoint(window: int) -> None:
    settings = {"task": "char_lm", "seq_len": 12, "batch_size": 4, "num_layers": 2}
    config = RunConfig(**settings, state="stateful", dropout=0.3, bptt_window=window, cell="lstm")
    bare, measured = Trainer(config), Trainer(config)
    expected = losses(bare, 6)
    assert losses(measured, 3, "full") == expected[:3]
    fresh = Trainer(config)
    fresh.restore(measured.checkpoint())
    assert losses(fresh, 3) == expected[3:]
