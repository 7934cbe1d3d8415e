"""Tasks of other shapes: encoder–decoder, vector → sequence, several steps, two answers."""

from __future__ import annotations

import math

import pytest
import torch

from gradviz.config import ConfigError, RunConfig
from gradviz.tasks import Batch, Task, task_of
from gradviz.tasks.forecast import forecast
from gradviz.tasks.sunspots import series


def drawn(batch_size: int = 64, **settings: object) -> tuple[Task, Batch]:
    task = task_of(RunConfig(**settings))
    return task, task.sample(batch_size, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ["copy_sequence", "reverse_sequence"])
def test_the_decoder_writes_the_source_and_is_told_what_came_before(name: str) -> None:
    task, batch = drawn(task=name, seq_len=9)
    source = batch.inputs.argmax(-1)
    assert set(source.flatten().tolist()) == set(range(8))
    assert bool((batch.inputs.sum(-1) == 1).all())
    wanted = source if name == "copy_sequence" else torch.stack([source[8 - t] for t in range(9)])
    assert torch.equal(batch.targets, wanted)
    assert batch.decoder_inputs is not None
    assert batch.decoder_inputs.shape == (9, 64, task.decoder_size) == (9, 64, 9)
    told = batch.decoder_inputs.argmax(-1)
    assert set(told[0].tolist()) == {8}
    assert torch.equal(told[1:], wanted[:-1])
    assert batch.forced is None
    assert task.floor == pytest.approx(2.0794415)


def test_a_share_of_the_timesteps_is_forced() -> None:
    for share in (0.0, 0.25):
        forced = drawn(500, task="copy_sequence", seq_len=40, teacher_forcing=share)[1].forced
        assert forced is not None
        assert forced.shape == (40, 500)
        assert float(forced.double().mean()) == pytest.approx(share, abs=0.01)


def test_accuracy_is_of_every_symbol() -> None:
    task, batch = drawn(task="copy_sequence", seq_len=10)
    right = torch.nn.functional.one_hot(batch.targets, 8).float()
    assert task.accuracy(right, batch.targets) == 1.0
    right[:3] = torch.roll(right[:3], 1, -1)
    assert task.accuracy(right, batch.targets) == pytest.approx(0.7)


def test_a_batch_moves_with_all_that_it_holds() -> None:
    batch = drawn(task="copy_sequence", teacher_forcing=0.5)[1].to("cpu", torch.float64)
    assert batch.inputs.dtype == batch.decoder_inputs.dtype == torch.float64
    assert batch.targets.dtype == torch.int64
    assert batch.forced.dtype == torch.bool
    assert drawn(task="adding")[1].to("cpu", torch.float64).decoder_inputs is None


def test_a_wave_is_the_one_that_its_vector_describes() -> None:
    task, batch = drawn(5000, task="wave_from_vector", seq_len=48)
    assert not batch.inputs[1:].any()
    frequency, phase = batch.inputs[0].unbind(-1)
    assert (float(frequency.min()), float(frequency.max())) == pytest.approx((-1, 1), abs=1e-3)
    for b in range(20):
        cycles = 1 / 24 + (1 / 12 - 1 / 24) * (float(frequency[b]) + 1) / 2
        for t in range(48):
            expected = math.sin(2 * math.pi * cycles * t + math.pi * float(phase[b]))
            assert float(batch.targets[t, b, 0]) == pytest.approx(expected, abs=1e-4)
    variance = batch.targets[..., 0].var(dim=1)
    torch.testing.assert_close(variance, torch.full((48,), task.floor), rtol=0, atol=0.02)


def test_two_answers_of_two_sequences() -> None:
    task, batch = drawn(task="two_in_two_out", seq_len=12)
    numbers, tokens = batch.inputs[..., 0], batch.inputs[..., 1:].argmax(-1)
    assert bool(((tokens == 4).sum(0) == 1).all())
    assert torch.equal(numbers.T[(tokens == 4).T], batch.targets[:, 0])
    assert torch.equal(tokens[0].float(), batch.targets[:, 1])
    assert set(batch.targets[:, 1].tolist()) == {0, 1, 2, 3}
    assert task.floor == pytest.approx(1 + math.log(4))


def test_two_losses_are_added_with_their_weights() -> None:
    task = task_of(RunConfig(task="two_in_two_out"))
    targets = torch.tensor([[0.5, 2.0], [0.25, 0.0]])
    outputs = torch.tensor([[0.0, 0.0, 0.0, 1.0, 0.0], [0.25, 0.0, 0.0, 0.0, 0.0]])
    crossed = (math.log(3 + math.e) - 1 + math.log(4)) / 2
    assert float(task.loss(outputs, targets)) == pytest.approx(12 * 0.25 / 2 + crossed)
    assert task.accuracy(outputs, targets) == 1.0
    assert task.accuracy(outputs.roll(1, 1), targets) == 0.5


@pytest.mark.parametrize("steps", [1, 5, 24])
def test_sunspots_asks_as_many_years_as_wanted(steps: int) -> None:
    task, batch = drawn(2000, task="sunspots", seq_len=30, forecast_steps=steps)
    years = torch.tensor(series())
    assert batch.targets.shape == (2000, steps)
    starts = {tuple(years[i : i + 30].tolist()): i for i in range(309)}
    found = [starts[tuple(window.tolist())] for window in batch.inputs[:, :, 0].T]
    for start, target in zip(found, batch.targets, strict=True):
        assert torch.equal(years[start + 30 : start + 30 + steps], target)
    assert (min(found), max(found)) == (0, 309 - 30 - steps)
    every = torch.stack([years[i + 30 : i + 30 + steps] for i in range(max(found) + 1)]).double()
    assert task.floor == pytest.approx(float(every.var(dim=0, correction=0).mean()))


def test_a_series_of_columns_asks_its_first() -> None:
    rows = [(float(n), 100.0 + n) for n in range(20)]
    task = forecast(rows, RunConfig(task="sunspots", seq_len=4, forecast_steps=2))
    assert (task.input_size, task.output_size) == (2, 2)
    for batch in (task.sample(50, torch.Generator()), task.stream(3, 1)):
        assert torch.equal(batch.inputs[..., 1], batch.inputs[..., 0] + 100)
        assert torch.equal(batch.targets, batch.inputs[-1, :, :1] + torch.tensor([1.0, 2.0]))


def test_a_walk_through_a_series_asks_the_steps_after_each_window() -> None:
    rows = [(float(n),) for n in range(23)]
    stream = forecast(rows, RunConfig(task="sunspots", seq_len=5, forecast_steps=3)).stream
    # Two streams of ⌊(23 − 3)/2⌋ = 10 values, of two windows each.
    assert stream(2, 1).inputs[:, :, 0].T.tolist() == [[5, 6, 7, 8, 9], [15, 16, 17, 18, 19]]
    assert stream(2, 1).targets.tolist() == [[10, 11, 12], [20, 21, 22]]
    assert [stream(2, index).continues for index in range(4)] == [False, True, False, True]


def test_a_series_shorter_than_a_window_is_refused() -> None:
    rows = [(float(n),) for n in range(10)]
    assert forecast(rows, RunConfig(task="sunspots", seq_len=8, forecast_steps=2)).floor == 0
    with pytest.raises(ConfigError, match=r"at most the series' 10 rows, got 8 \+ 3; make one"):
        forecast(rows, RunConfig(task="sunspots", seq_len=8, forecast_steps=3))
