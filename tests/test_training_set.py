"""Training sets: every sequence once a round, decided by the seed and the step alone."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from gradviz import ConfigError, RunConfig, Trainer
from gradviz.config.remedy_fields.inputs import MOST_NUMBERS
from gradviz.tasks import Batch, task_of
from gradviz.training.training_set import TrainingSet

SMALL = {"seq_len": 6, "hidden_size": 5}


def training_set(**settings: object) -> TrainingSet:
    config = RunConfig(**{**SMALL, **settings})
    return TrainingSet(config, task_of(config))


def numbers(batch: Batch) -> list[float]:
    """One number for each sequence, by which it is known again."""
    return batch.inputs[0, :, 0].tolist()


@pytest.mark.parametrize(("size", "count"), [(4, 12), (5, 12), (1, 7), (7, 8), (12, 12)])
def test_every_round_reads_each_sequence_once(size: int, count: int) -> None:
    found = training_set(batch_size=size, training_size=count)
    read = [each for step in range(5 * count) for each in numbers(found.batch(step))]
    everything = Counter(numbers(found.whole))
    assert len(everything) == count
    rounds = [read[start : start + count] for start in range(0, 5 * count, count)]
    assert all(Counter(each) == everything for each in rounds)
    orders = {tuple(each) for each in rounds}
    assert len(orders) == (1 if size == count else 5)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"task": "copy_memory"},
        {"task": "reverse_sequence", "teacher_forcing": 0.5},
        {"task": "char_lm"},
        {"task": "two_in_two_out"},
    ],
)
def test_what_belongs_together_stays_together(settings: dict[str, object]) -> None:
    found = training_set(batch_size=3, training_size=10, **settings)
    batch = found.batch(2)
    every = found._answers == "every"
    for place in range(3):
        inputs = batch.inputs[:, place]
        at = next(k for k in range(10) if torch.equal(found.whole.inputs[:, k], inputs))
        for name in ("targets", "decoder_inputs", "forced"):
            whole, part = getattr(found.whole, name), getattr(batch, name)
            assert (whole is None) == (part is None)
            if whole is None:
                continue
            along = every or name != "targets"
            assert torch.equal(
                part[:, place] if along else part[place],
                whole.transpose(0, 1)[at] if along else whole[at],
            )


def test_a_batch_of_all_is_gradient_descent_on_the_whole_loss() -> None:
    """By hand: the same set, one order, w ← w − η ∂L/∂w."""
    config = RunConfig(
        **SMALL, batch_size=9, training_size=9, optimizer="sgd", learning_rate=0.1, clip="none"
    )
    trainer, twin = Trainer(config), Trainer(config)
    whole = TrainingSet(config, twin.task).whole
    losses = []
    for _ in range(4):
        loss = torch.nn.functional.mse_loss(twin.model(whole.inputs), whole.targets)
        twin.model.zero_grad()
        loss.backward()
        with torch.no_grad():
            for each in twin.model.parameters():
                each -= 0.1 * each.grad
        losses.append(loss.item())
        assert trainer.train_step("none").loss == pytest.approx(loss.item(), rel=1e-6)
    assert losses[-1] < losses[0]


def test_the_mean_of_a_rounds_gradients_is_the_whole_sets() -> None:
    config = RunConfig(**SMALL, batch_size=3, training_size=12, dtype="float64")
    trainer = Trainer(config)
    found = TrainingSet(config, trainer.task)

    def gradient(batch: Batch) -> torch.Tensor:
        batch = batch.to("cpu", torch.float64)
        loss = trainer.task.loss(trainer.model.answer(batch), batch.targets)
        given = torch.autograd.grad(loss, list(trainer.model.parameters()))
        return torch.cat([each.flatten() for each in given])

    mean = sum(gradient(found.batch(step)) for step in range(4, 8)) / 4
    torch.testing.assert_close(mean, gradient(found.whole), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "peephole_lstm"])
def test_a_checkpoint_goes_on_in_the_middle_of_a_round(cell: str) -> None:
    config = RunConfig(**SMALL, cell=cell, batch_size=5, training_size=13)
    trainer, measured = Trainer(config), Trainer(config)
    losses = [trainer.train_step("none").loss for _ in range(4)]
    assert losses == [measured.train_step("full").loss for _ in range(4)]
    data = trainer.checkpoint()
    expected = [trainer.train_step("none").loss for _ in range(6)]
    fresh = Trainer(config)
    fresh.restore(data)
    assert [fresh.train_step("none").loss for _ in range(6)] == expected
    other = Trainer(config.replace(seed=1))
    assert [other.train_step("none").loss for _ in range(4)] != losses


def test_a_few_sequences_can_be_learned_by_heart() -> None:
    """Fresh sequences of this length cannot: the loss stays about the floor of 1/6."""
    config = RunConfig(
        seq_len=20, cell="gru", hidden_size=16, batch_size=4, training_size=4, learning_rate=0.02
    )
    last = {
        size: sum(trainer.train_step("none").loss for _ in range(10)) / 10
        for size in (0, 4)
        for trainer in [Trainer(config.replace(training_size=size))]
        if all(trainer.train_step("none") for _ in range(60))
    }
    assert last[4] < 0.01 < 0.1 < last[0]


def test_a_set_of_ones_own_data_that_is_too_large_is_refused() -> None:
    config = RunConfig(
        task="series", data="0" * 16, seq_len=1000, training_size=MOST_NUMBERS // 1000
    )
    with pytest.raises(ConfigError, match="training_size must be at most 1,333 sequences of 1000"):
        TrainingSet(config, task_of(RunConfig(task="series")))
