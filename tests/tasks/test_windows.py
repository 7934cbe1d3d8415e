"""Streams of one long series: they go on exactly, overlap as asked, and begin anew at their end."""

from __future__ import annotations

import pytest
import torch

from gradviz.config import ConfigError, RunConfig
from gradviz.tasks import task_of
from gradviz.tasks.sunspots import series
from gradviz.tasks.windows import walk

NUMBERS = torch.arange(101)
"""As two streams: 0…49 and 50…99; 100 is only an answer."""


def test_windows_follow_each_other() -> None:
    first, continues = walk(NUMBERS, 10, 10, 2, 0)
    second, goes_on = walk(NUMBERS, 10, 10, 2, 1)
    assert (continues, goes_on) == (False, True)
    assert first[:, 0].tolist() == list(range(11))
    assert first[:, 1].tolist() == list(range(50, 61))
    # The answer of the last timestep is what is read first in the next window.
    assert torch.equal(first[-1], second[0])


def test_every_value_of_a_stream_is_read_once_before_it_begins_anew() -> None:
    drawn = [walk(NUMBERS, 10, 10, 2, index) for index in range(6)]
    assert torch.cat([each[:-1] for each, _ in drawn[:5]]).T.flatten().tolist() == list(range(100))
    assert drawn[4][0][-1].tolist() == [50, 100]
    assert [continues for _, continues in drawn] == [False, True, True, True, True, False]
    assert torch.equal(drawn[5][0], drawn[0][0])


def test_a_skip_shorter_than_the_window_overlaps() -> None:
    first, _ = walk(NUMBERS, 10, 4, 2, 0)
    second, _ = walk(NUMBERS, 10, 4, 2, 1)
    assert torch.equal(second[:7], first[4:])
    # (50 − 10)/4 + 1 windows.
    assert [walk(NUMBERS, 10, 4, 2, index)[1] for index in (10, 11, 12)] == [True, False, True]


def test_streams_that_are_too_short_are_refused() -> None:
    assert walk(NUMBERS, 10, 10, 10, 3)[1] is False
    with pytest.raises(ConfigError, match=r"batch_size must be at most 10 .* got 11; make"):
        walk(NUMBERS, 10, 10, 11, 0)


def test_the_sunspots_have_a_stream() -> None:
    stream = task_of(RunConfig(task="sunspots", seq_len=20)).stream
    assert stream is not None
    first, second = stream(4, 0), stream(4, 1)
    years = torch.tensor(series())
    # 308 // 4 years a stream.
    for b, start in enumerate((0, 77, 154, 231)):
        assert torch.equal(first.inputs[:, b, 0], years[start : start + 20])
        assert first.targets[b, 0] == years[start + 20] == second.inputs[0, b, 0]
    assert [stream(4, index).continues for index in range(4)] == [False, True, True, False]
    overlapping = task_of(RunConfig(task="sunspots", seq_len=20, skip_step=5)).stream
    assert overlapping is not None
    assert torch.equal(overlapping(4, 1).inputs[:-5], first.inputs[5:])


def test_tasks_that_draw_their_data_have_no_stream() -> None:
    assert task_of(RunConfig(task="adding")).stream is None
