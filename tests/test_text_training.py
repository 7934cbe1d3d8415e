"""Training on a text: dropout and written texts leave no trace, and something is learned."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gradviz import RunConfig, Trainer
from gradviz.config import RECURRENT, ConfigError
from gradviz.history import CloseUpRequest, StepRecord
from gradviz.uploads import MissingDataError, Shelf, read_series, read_text


def small(**settings: Any) -> RunConfig:
    usual = {
        "task": "word_lm",
        "cell": "lstm",
        "seq_len": 12,
        "batch_size": 8,
        "hidden_size": 10,
        "embedding_size": 6,
        "num_layers": 2,
        "vocabulary_size": 60,
    }
    return RunConfig(**(usual | settings))


def records(trainer: Trainer, count: int, measure: str = "none") -> list[StepRecord]:
    return [trainer.train_step(measure) for _ in range(count)]


def losses(trainer: Trainer, count: int, measure: str = "none") -> list[float]:
    return [record.loss for record in records(trainer, count, measure)]


def test_the_model_is_an_embedding_under_recurrent_layers() -> None:
    """Against the same layers called by hand."""
    trainer, twin = Trainer(small(dtype="float64")), Trainer(small(dtype="float64"))
    model, batch = twin.model, twin._batch()
    vectors = model.embedding.weight[batch.inputs]
    hidden, _ = model.recurrent(vectors)
    expected = hidden @ model.readout.weight.T + model.readout.bias
    torch.testing.assert_close(model(batch.inputs), expected)
    chosen = expected.log_softmax(-1).gather(-1, batch.targets[..., None])
    assert trainer.train_step("none").loss == pytest.approx(
        -float(chosen.mean().detach()), rel=1e-12
    )


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_measuring_with_dropout_leaves_no_trace(cell: str) -> None:
    config = small(cell=cell, dropout=0.3, seed=3)
    bare, measured = Trainer(config), Trainer(config)
    measured.closeup = CloseUpRequest()
    before = torch.random.get_rng_state()
    assert losses(measured, 12, "full") == losses(bare, 12)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert measured.checkpoint() == bare.checkpoint()


def test_dropout_is_the_runs_own() -> None:
    alone = losses(Trainer(small(dropout=0.5)), 8)
    one, two = Trainer(small(dropout=0.5)), Trainer(small(dropout=0.5, seed=9))
    together = []
    for _ in range(8):
        torch.manual_seed(7)
        together.append(one.train_step("none").loss)
        two.train_step("none")
    assert together == alone
    assert alone != losses(Trainer(small()), 8)


def test_every_step_drops_other_values_and_the_share_that_was_asked_for() -> None:
    trainer = Trainer(small(dropout=0.4, num_layers=1))
    seen: list[torch.Tensor] = []
    trainer.model.dropout.register_forward_hook(lambda *passed: seen.append(passed[2] == 0))
    records(trainer, 4)
    # In front of the layers and behind them.
    assert len(seen) == 8
    assert not torch.equal(seen[0], seen[2])
    share = float(torch.cat([each.flatten().float() for each in seen]).mean())
    assert share == pytest.approx(0.4, abs=0.02)


def test_dropout_between_layers_is_the_modules_own() -> None:
    assert Trainer(small(dropout=0.4)).model.recurrent.dropout == 0.4
    assert Trainer(small(dropout=0.4, num_layers=1)).model.recurrent.dropout == 0


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_a_checkpoint_goes_on_bit_by_bit(dropout: float) -> None:
    config = small(dropout=dropout, optimizer="adam")
    trainer, other = Trainer(config), Trainer(config)
    records(trainer, 5)
    saved = trainer.checkpoint()
    expected = losses(trainer, 6)
    records(other, 2, "full")
    other.sample_text()
    other.restore(saved)
    assert losses(other, 6, "full") == expected
    assert other.sample_text() == trainer.sample_text()


def test_writing_and_what_is_held_out_leave_no_trace() -> None:
    config = small(dropout=0.3)
    bare, writing = Trainer(config), Trainer(config)
    before = torch.random.get_rng_state()
    found = []
    for _ in range(6):
        writing.sample_text(length=7)
        writing.held_out_loss()
        found.append(writing.train_step("none").loss)
    assert found == losses(bare, 6)
    assert writing.model.training
    assert writing.checkpoint() == bare.checkpoint()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_written_text_is_of_known_words_and_the_same_again() -> None:
    trainer = Trainer(small(cell="gru"))
    records(trainer, 3)
    text = trainer.sample_text(length=200)
    assert text
    assert text == trainer.sample_text(length=200)
    units = trainer.task.vocabulary.units
    words = text.replace("\n", " <eos> ").split()
    assert len(words) == 200
    assert set(words) <= set(units) - {"<unk>"}
    trainer.train_step("none")
    assert trainer.sample_text(length=200) != text


def test_a_written_text_has_the_frequencies_of_the_networks_answers() -> None:
    """Of a network whose answer is one bias, sharpened by the temperature."""
    trainer = Trainer(small(task="char_lm"))
    bias = torch.linspace(0, 3, trainer.task.output_size)
    with torch.no_grad():
        trainer.model.readout.weight.zero_()
        trainer.model.readout.bias.copy_(bias)
    units = trainer.task.vocabulary.units
    for temperature in (1.0, 0.5):
        text = trainer.sample_text(length=4000, temperature=temperature)
        assert text
        expected = (bias.double()[1:] / temperature).softmax(0)
        found = torch.tensor([text.count(unit) / 4000 for unit in units[1:]])
        assert float((found - expected).abs().max()) < 0.012
        assert float((found[-1] - expected[-1]).abs()) < 0.3 * float(expected[-1])


def test_a_text_is_written_from_what_was_written_before() -> None:
    """A network that names the unit after the one it reads writes the alphabet."""
    trainer = Trainer(RunConfig(task="char_lm", cell="rnn", hidden_size=128, embedding_size=128))
    kinds, model = trainer.task.output_size, trainer.model
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
        rows = torch.arange(kinds)
        model.embedding.weight[rows, rows] = 20.0
        model.recurrent.weight_ih_l0[rows, rows] = 1.0
        model.readout.weight[(rows + 1) % kinds, rows] = 50.0
    units = trainer.task.vocabulary.units
    start = trainer.task.vocabulary.start
    assert units[start] == "\n"
    assert trainer.sample_text(length=20) == "".join(units[start + 1 : start + 21])


@pytest.mark.parametrize("cell", RECURRENT)
def test_read_token_by_token_a_text_is_answered_as_at_once(cell: str) -> None:
    """What `sample_text` rests on; and no answer may depend on what comes later."""
    model = Trainer(small(cell=cell, dtype="float64", num_layers=3)).model
    tokens = torch.randint(0, 60, (9, 2), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        whole = model(tokens)
        state = None
        for t in range(9):
            answer, state = model.read_on(tokens[t : t + 1], state)
            torch.testing.assert_close(answer[0], whole[t])


def test_what_writes_nothing() -> None:
    for task in ("adding", "text_classification"):
        assert Trainer(RunConfig(task=task)).sample_text() is None
    broken = Trainer(small())
    with torch.no_grad():
        broken.model.readout.bias[3] = math.nan
    assert broken.sample_text() is None
    for length, temperature in ((0, 1.0), (10_001, 1.0), (5, 0.0), (5, math.nan)):
        with pytest.raises(ValueError, match="must be"):
            broken.sample_text(length, temperature)


def test_the_held_out_loss_drops_nothing_and_learns_nothing() -> None:
    trainer = Trainer(small(dropout=0.5))
    assert trainer.held_out_loss() == trainer.held_out_loss()
    batches = trainer.task.held_out(8)
    trainer.model.eval()
    with torch.no_grad():
        each = [trainer.task.loss(trainer.model(b.inputs), b.targets).item() for b in batches]
    assert trainer.held_out_loss() == pytest.approx(np.mean(each), rel=1e-12)
    assert Trainer(RunConfig()).held_out_loss() is None


def test_a_close_up_says_what_was_read() -> None:
    trainer, twin = Trainer(small(probe_size=3)), Trainer(small(probe_size=3))
    trainer.closeup = CloseUpRequest(sequence=2)
    batch = twin._batch()
    closeup = trainer.train_step("full").closeup
    assert closeup is not None
    units = trainer.task.vocabulary.units
    assert closeup.words == tuple(units[token] for token in batch.inputs[:, 1])
    vectors = twin.model.embedding(batch.inputs[:, 1]).detach().numpy()
    np.testing.assert_array_equal(closeup.inputs, vectors)
    records(trainer, 2)
    moved = trainer.look(CloseUpRequest(sequence=3))
    assert moved is not None
    assert moved.words == tuple(units[token] for token in batch.inputs[:, 2])


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("GRADVIZ_DATA", str(tmp_path))
    return Shelf()


def test_ones_own_text_is_learned_from(shelf: Shelf) -> None:
    text = ("to be or not " * 200).encode()
    own = shelf.put(read_text([("hamlet.txt", text)]))
    for task, units in (("word_lm", ("be", "not", "or", "to")), ("char_lm", (" ", "o", "t"))):
        trainer = Trainer(small(task=task, data=own))
        assert set(units) <= set(trainer.task.vocabulary.units)
        before = losses(trainer, 1)[0]
        assert np.mean(losses(trainer, 150)[-10:]) < 0.5 * before
    assert trainer.floor < math.log(8)


def test_files_of_the_penn_treebanks_kind_are_learned_from(shelf: Shelf) -> None:
    """The words are those of the file to train on, the held-out loss is of the valid one."""
    files = {"train": "a <unk> b \n" * 400, "valid": "b b b \n" * 100, "test": "a b \n" * 100}
    given = [(f"ptb.{role}.txt", text.encode()) for role, text in files.items()]
    trainer = Trainer(small(data=shelf.put(read_text(given)), seq_len=4))
    assert trainer.task.vocabulary.units == ("<unk>", "<eos>", "a", "b")
    assert trainer.floor == pytest.approx(math.log(4), rel=1e-3)
    (first, *_) = trainer.task.held_out(2)
    assert first.inputs[:, 0].tolist() == [3, 3, 3, 1]


def test_own_data_that_cannot_be_learned_from_are_said(shelf: Shelf) -> None:
    with pytest.raises(MissingDataError, match="not on this machine; upload the file again"):
        Trainer(small(data="0123456789abcdef"))
    dna = shelf.put(read_text([("dna.txt", b"acgt" * 1000)]))
    assert Trainer(small(task="char_lm", data=dna)).task.vocabulary.units[1:] == tuple("acgt")
    with pytest.raises(ConfigError, match="at least 200 words"):
        Trainer(small(data=dna))
    rows = "\n".join(f"{t},{t % 7}" for t in range(60))
    table = shelf.put(read_series("a.csv", f"t,x\n{rows}".encode()).series(["x"]))
    with pytest.raises(ConfigError, match=r"data must be a text .* got the table a.csv"):
        Trainer(small(data=table))


@pytest.mark.parametrize("task", ["word_lm", "char_lm"])
def test_what_was_deleted_is_not_learned_from_memory(shelf: Shelf, task: str) -> None:
    own = shelf.put(read_text([("hamlet.txt", b"to be or not " * 200)]))
    Trainer(small(task=task, data=own))
    os.utime(shelf.folder / f"{own}.data", (10, 10))
    Trainer(small(task=task, data=own))
    assert shelf.about(own).used > 10  # So that it does not give way before what nobody uses.
    shelf.forget(own)
    with pytest.raises(MissingDataError, match="not on this machine; upload the file again"):
        Trainer(small(task=task, data=own))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "share"),
    [
        ({"task": "word_lm", "cell": "lstm", "seq_len": 30, "hidden_size": 64}, 0.3),
        ({"task": "char_lm", "cell": "lstm", "hidden_size": 64}, 0.5),
    ],
)
def test_the_perplexity_falls_well_below_the_unigrams(
    settings: dict[str, Any], share: float
) -> None:
    """On the text that is trained on, and on one that is not."""
    trainer = Trainer(RunConfig(**settings))
    perplexity = math.exp(np.mean(losses(trainer, 700)[-20:]))
    unigram = math.exp(trainer.floor)
    held_out = trainer.held_out_loss()
    assert held_out is not None
    print(f"{settings['task']}: perplexity {perplexity:.1f}, held out {math.exp(held_out):.1f}")
    print(f"unigram {unigram:.1f}")
    assert perplexity < share * unigram
    assert math.exp(held_out) < 1.4 * share * unigram


@pytest.mark.slow
def test_topics_are_told_apart_also_of_words_that_were_held_out() -> None:
    trainer = Trainer(
        RunConfig(
            task="text_classification", cell="lstm", seq_len=20, readout="mean", batch_size=64
        )
    )
    accuracy = np.mean([record.accuracy for record in records(trainer, 200)[-20:]])
    (held_out,) = trainer.task.held_out(400)
    with torch.no_grad():
        told = trainer.task.accuracy(trainer.model(held_out.inputs), held_out.targets)
    print(f"accuracy {accuracy:.0%}, of held-out words {told:.0%}, by guessing 12.5%")
    assert accuracy > 0.8
    assert told > 0.45
