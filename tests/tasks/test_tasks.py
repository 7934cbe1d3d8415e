"""Every task: shapes, repeatability, floors, and what it asks."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from every import every

from gradviz.config import TASKS, RunConfig
from gradviz.tasks import TASK_NOTES, Task, task_of
from gradviz.tasks.digits import _images
from gradviz.tasks.sunspots import series

SIZES = {
    "adding": (2, 1),
    "copy_memory": (10, 9),
    "temporal_order": (6, 4),
    "recall": (8, 8),
    "digits_pixels": (1, 10),
    "digits_rows": (8, 10),
    "sunspots": (1, 1),
    "series": (3, 1),
    "copy_sequence": (8, 8),
    "reverse_sequence": (8, 8),
    "wave_from_vector": (2, 1),
    "two_in_two_out": (6, 5),
}
READING = [name for name, spec in TASKS.items() if spec.tokens]
"""They are tested in test_text.py too; what they read are tokens."""
LENGTHS = sorted({(name, end) for name, spec in TASKS.items() for end in spec.seq_len})


def batch_of(
    config: RunConfig, *, batch_size: int = 64, seed: int = 0
) -> tuple[Task, tuple[torch.Tensor, torch.Tensor]]:
    task = task_of(config)
    batch = task.sample(batch_size, torch.Generator().manual_seed(seed))
    return task, (batch.inputs, batch.targets)


def test_every_task_of_the_settings_is_here() -> None:
    assert set(TASK_NOTES) == set(TASKS) == {*SIZES, *READING}


@every(("name", "seq_len"), LENGTHS)
def test_shapes_at_the_ends_of_the_allowed_lengths(name: str, seq_len: int) -> None:
    config = RunConfig(task=name, seq_len=seq_len)
    task, (inputs, targets) = batch_of(config, batch_size=5)
    assert task.answers == TASKS[name].answers
    assert (task.stream is not None) == TASKS[name].has_stream
    if task.vocabulary:
        assert inputs.shape == (config.timesteps, 5)
        assert inputs.dtype == torch.int64
    else:
        assert (task.input_size, task.output_size) == SIZES[name]
        assert inputs.shape == (config.timesteps, 5, task.input_size)
        assert inputs.dtype == torch.float32
    every = (config.timesteps,) if task.answers == "every" else ()
    wide = {"mse": (1,), "cross_entropy": (), "number_and_class": (2,)}[task.loss_kind]
    assert targets.shape == (*every, 5, *wide)
    if task.loss_kind == "cross_entropy":
        assert targets.dtype == torch.int64
        assert 0 <= int(targets.min()) <= int(targets.max()) < task.output_size


@every("name", TASKS)
def test_the_generator_alone_decides_the_batches(name: str) -> None:
    config = RunConfig(task=name)
    one = torch.Generator().manual_seed(3)
    two = torch.Generator().manual_seed(3)
    sample = task_of(config).sample
    before = torch.random.get_rng_state()
    for _ in range(2):
        mine, other = sample(16, one), task_of(config).sample(16, two)
        assert torch.equal(mine.inputs, other.inputs)
        assert torch.equal(mine.targets, other.targets)
        assert not mine.continues
    assert torch.equal(before, torch.random.get_rng_state())
    assert not torch.equal(sample(16, one).inputs, sample(16, one).inputs)


def constant_outputs(task: Task, targets: torch.Tensor) -> torch.Tensor:
    """The best answer that does not look at the sequence, from the targets themselves."""
    if task.loss_kind == "mse":
        return targets.double().mean(-2, keepdim=True).expand(targets.shape)
    if task.loss_kind == "number_and_class":
        number, kind = targets[:, :1].double(), targets[:, 1].long()
        shares = kind.bincount() / len(kind)
        return torch.cat([number.mean().expand_as(number), shares.log().expand(len(kind), -1)], 1)
    classes = task.output_size
    if task.answers == "every":
        shares = torch.stack([row.bincount(minlength=classes) for row in targets]) / len(targets[0])
        return shares.log().clamp(min=-1e9)[:, None].expand(*targets.shape, classes)
    shares = targets.bincount(minlength=classes) / len(targets)
    return shares.log().expand(len(targets), classes)


@pytest.mark.parametrize("name", SIZES)
def test_the_best_constant_answer_sits_on_the_floor(name: str) -> None:
    task, (_, targets) = batch_of(RunConfig(task=name), batch_size=20_000)
    loss = float(task.loss(constant_outputs(task, targets), targets))
    assert loss == pytest.approx(task.floor, rel=0.03)


def test_floors() -> None:
    assert task_of(RunConfig(task="adding")).floor == pytest.approx(1 / 6)
    for wait in (10, 500):
        floor = task_of(RunConfig(task="copy_memory", seq_len=wait)).floor
        assert floor == pytest.approx(20.794415 / (wait + 20))
    assert task_of(RunConfig(task="temporal_order")).floor == pytest.approx(1.3862944)
    assert task_of(RunConfig(task="recall")).floor == pytest.approx(2.0794415)
    assert task_of(RunConfig(task="digits_rows")).floor == pytest.approx(2.3025851)


def test_adding_marks_one_number_in_each_half_and_asks_their_sum() -> None:
    _, (inputs, targets) = batch_of(RunConfig(task="adding", seq_len=61))
    numbers, marks = inputs.unbind(-1)
    assert torch.equal(marks[:30].sum(0), torch.ones(64))
    assert torch.equal(marks[30:].sum(0), torch.ones(64))
    torch.testing.assert_close((numbers * marks).sum(0), targets[:, 0])
    assert 0 <= float(numbers.min()) < 0.01
    assert 0.99 < float(numbers.max()) < 1


def test_copy_memory_asks_the_ten_symbols_after_the_wait() -> None:
    _, (inputs, targets) = batch_of(RunConfig(task="copy_memory", seq_len=7))
    tokens = inputs.argmax(-1)
    assert torch.equal(tokens[:10], targets[-10:])
    assert tokens[:10].max() == 7
    assert tokens[10:, 0].tolist() == [8] * 6 + [9] + [8] * 10
    assert bool((targets[:-10] == 8).all())


def test_copy_memory_is_judged_on_the_ten_symbols_only() -> None:
    task, (_, targets) = batch_of(RunConfig(task="copy_memory", seq_len=30))
    right = torch.nn.functional.one_hot(targets, 9).float()
    assert task.accuracy(right, targets) == 1.0
    right[:-10] = 0.0
    assert task.accuracy(right, targets) == 1.0
    right[-10:-5] = 0.0
    right[-10:-5, :, 8] = 1.0
    assert task.accuracy(right, targets) == 0.5


@pytest.mark.parametrize("seq_len", [10, 30, 99])
def test_temporal_order_asks_which_came_in_which_order(seq_len: int) -> None:
    _, (inputs, targets) = batch_of(RunConfig(task="temporal_order", seq_len=seq_len))
    tokens = inputs.argmax(-1)
    relevant = tokens < 2
    assert bool((relevant.sum(0) == 2).all())
    for sequence, wanted in zip(range(64), targets.tolist(), strict=True):
        first, second = relevant[:, sequence].nonzero()[:, 0].tolist()
        assert seq_len // 10 <= first < seq_len // 5
        assert seq_len // 2 <= second < seq_len * 6 // 10 or seq_len < 20
        assert wanted == 2 * int(tokens[first, sequence]) + int(tokens[second, sequence])
    assert set(targets.tolist()) == {0, 1, 2, 3}
    assert set(tokens.flatten().tolist()) == set(range(6))


def test_recall_asks_the_first_token() -> None:
    _, (inputs, targets) = batch_of(RunConfig(task="recall"))
    assert torch.equal(inputs[0], torch.nn.functional.one_hot(targets, 8).float())
    assert set(targets.tolist()) == set(range(8))
    assert not inputs[1:].any()


def test_digits_by_row_and_by_pixel_are_the_same_images() -> None:
    _, (pixels, digits) = batch_of(RunConfig(task="digits_pixels"))
    _, (rows, same_digits) = batch_of(RunConfig(task="digits_rows"))
    assert torch.equal(digits, same_digits)
    assert torch.equal(pixels[:, :, 0].T, rows.transpose(0, 1).reshape(64, 64))
    assert (float(rows.min()), float(rows.max())) == (0.0, 1.0)
    # The outermost columns of the images are almost empty; the middle ones are not.
    assert rows.mean((0, 1))[0] < 0.02 < 0.4 < rows.mean((0, 1))[3]


@pytest.mark.slow
def test_the_digits_are_those_that_scikit_learn_loads() -> None:
    from sklearn.datasets import load_digits

    theirs = load_digits()
    images, digits = _images()
    assert (images.dtype, digits.dtype) == (torch.float32, torch.int64)
    assert np.array_equal(16 * images.numpy(), theirs.data)
    assert np.array_equal(digits.numpy(), theirs.target)


def test_sunspots_asks_the_year_after_the_window() -> None:
    years = series()
    assert len(years) == 309
    assert (years[0], max(years), years[-1]) == pytest.approx((0.05, 1.902, 0.029))
    assert years.index(max(years)) == 1957 - 1700
    _, (inputs, targets) = batch_of(RunConfig(task="sunspots", seq_len=40), batch_size=500)
    everything = torch.tensor(years)
    windows = {tuple(row.tolist()): following for row, following in _windows(everything, 40)}
    assert len(windows) == 269
    seen = set()
    for window, target in zip(inputs[:, :, 0].T, targets[:, 0], strict=True):
        seen.add(tuple(window.tolist()))
        assert windows[tuple(window.tolist())] == float(target)
    assert len(seen) > 180


def _windows(years: torch.Tensor, length: int) -> list[tuple[torch.Tensor, float]]:
    return [(years[i : i + length], float(years[i + length])) for i in range(len(years) - length)]


def test_regression_has_no_accuracy() -> None:
    task, (_, targets) = batch_of(RunConfig(task="adding"))
    assert task.accuracy(targets, targets) is None


def test_accuracy_is_the_share_of_right_answers() -> None:
    task = task_of(RunConfig(task="recall"))
    targets = torch.tensor([0, 1, 2, 3])
    outputs = torch.eye(8)[[0, 1, 2, 7]]
    assert task.accuracy(outputs, targets) == 0.75
    expected = math.log(7 + math.e) - 0.75
    assert float(task.loss(outputs, targets)) == pytest.approx(expected)


def test_the_words_need_no_torch() -> None:
    code = (
        "import sys; from gradviz.tasks import TASK_NOTES; "
        "print(all(n.description and n.paper and n.floor_text for n in TASK_NOTES.values()), "
        "'torch' in sys.modules, 'sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]
