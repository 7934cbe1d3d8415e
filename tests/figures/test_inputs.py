"""A sequence's input, read back from the picture and compared with what the task drew."""

from __future__ import annotations

import html
from typing import Any, get_args

import numpy as np
import pytest
import torch
from fabricated import gate_closeup, looked

from gradviz import figures
from gradviz.config import TASKS, RecordedConfig, RunConfig, TaskName
from gradviz.figures import inputs
from gradviz.history import History
from gradviz.tasks import (
    copy_memory,
    copy_sequence,
    digits,
    recall,
    task_of,
    temporal_order,
    two_in_two_out,
)


def batch_of(task: str, **settings: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """(T, I) of the first sequence that the task itself draws, and its target."""
    config = RunConfig(task=task, **settings)
    drawn = task_of(config).sample(3, torch.Generator().manual_seed(5))
    targets = drawn.targets.numpy()
    return drawn.inputs[:, 0].numpy(), targets[:, 0] if task == "copy_memory" else targets[0]


def drawn(task: str, sequence: Any) -> dict[str, dict[str, Any]]:
    return {trace["uid"]: trace for trace in inputs.input_traces(inputs.VIEWS[task], sequence)}


def test_every_task_has_a_view() -> None:
    assert set(inputs.VIEWS) == set(get_args(TaskName))


def test_letters_are_as_many_as_the_tasks_have_tokens() -> None:
    assert len(inputs.VIEWS["recall"].letters) == recall.TOKENS
    assert len(inputs.VIEWS["temporal_order"].letters) == temporal_order.KINDS
    assert inputs.VIEWS["temporal_order"].letters[: temporal_order.RELEVANT] == "AB"
    letters = inputs.VIEWS["copy_memory"].letters
    assert letters[copy_memory.BLANK] == "·"
    assert letters[copy_memory.CUE] == "?"
    for task in ("copy_sequence", "reverse_sequence"):
        assert inputs.VIEWS[task].letters[copy_sequence.START] == ">"
    assert inputs.VIEWS["two_in_two_out"].marks == 1 + two_in_two_out.MARKER
    assert inputs.SIDE == digits.SIDE


@pytest.mark.parametrize("seq_len", [30, 60])
def test_temporal_order_spells_the_answer(seq_len: int) -> None:
    sequence, target = batch_of("temporal_order", seq_len=seq_len)
    traces = drawn("temporal_order", sequence)
    assert "".join(traces["tokens"]["text"]) == ["AA", "AB", "BA", "BB"][int(target)]
    assert len(traces["distractors"]["x"]) == seq_len - 2
    assert set(traces["distractors"]["text"]) <= set("cdef")
    marks = inputs.input_marks(inputs.VIEWS["temporal_order"], sequence)
    assert [mark.x for mark in marks] == traces["tokens"]["x"]
    assert [mark.text for mark in marks] == traces["tokens"]["text"]


def test_letters_stand_in_one_line_only_where_they_fit() -> None:
    for seq_len, rows in ((30, {0}), (60, {0, -1, -2, -3, -4, -5})):
        traces = drawn("temporal_order", batch_of("temporal_order", seq_len=seq_len)[0])
        assert {y for trace in traces.values() for y in trace["y"]} <= rows


def test_few_letters_stand_in_one_line_however_long_the_silence() -> None:
    sequence, _ = batch_of("recall", seq_len=500)
    traces = drawn("recall", sequence)
    assert traces["tokens"]["y"] == [0]
    assert list(traces["silence"]["x"]) == list(range(2, 501))
    assert inputs.input_axis(inputs.VIEWS["recall"], sequence)["range"] == [-0.8, 0.8]
    crowded, _ = batch_of("copy_memory", seq_len=60)
    assert "silence" not in drawn("copy_memory", crowded)


def test_many_distractors_are_dots() -> None:
    sequence, _ = batch_of("temporal_order", seq_len=500)
    assert drawn("temporal_order", sequence)["distractors"]["mode"] == "markers"
    assert drawn("temporal_order", sequence)["tokens"]["mode"] == "text"


def test_copy_memory_shows_symbols_and_cue_but_no_blanks() -> None:
    sequence, target = batch_of("copy_memory", seq_len=30)
    tokens = drawn("copy_memory", sequence)["tokens"]
    assert tokens["x"] == [*range(1, 11), 40]
    assert tokens["text"][-1] == "?"
    assert ["abcdefgh".index(letter) for letter in tokens["text"][:-1]] == list(target[-10:])
    assert [m.x for m in inputs.input_marks(inputs.VIEWS["copy_memory"], sequence)] == [40]


def test_recall_shows_one_letter_and_silence() -> None:
    sequence, target = batch_of("recall", seq_len=20)
    tokens = drawn("recall", sequence)["tokens"]
    assert (tokens["x"], tokens["text"]) == ([1], ["abcdefgh"[int(target)]])
    assert inputs.tokens_of(sequence)[1:].tolist() == [inputs.SILENCE] * 19


def test_adding_highlights_the_two_numbers_that_count() -> None:
    sequence, target = batch_of("adding", seq_len=40)
    traces = drawn("adding", sequence)
    assert traces["marked"]["y"].sum() == pytest.approx(float(target[0]), rel=1e-6)
    assert len(traces["sequence"]["x"]) == 38
    assert not set(traces["sequence"]["x"]) & set(traces["marked"]["x"])
    marks = inputs.input_marks(inputs.VIEWS["adding"], sequence)
    assert [mark.x for mark in marks] == list(traces["marked"]["x"])
    assert marks[0].text == f"marked {traces['marked']['y'][0]:.2f}"


def test_sunspots_are_a_line() -> None:
    sequence, _ = batch_of("sunspots", seq_len=25)
    trace = drawn("sunspots", sequence)["sequence"]
    assert trace["mode"] == "lines"
    np.testing.assert_array_equal(trace["y"], sequence[:, 0])
    assert inputs.input_marks(inputs.VIEWS["sunspots"], sequence) == []


def test_digits_by_rows_stand_as_columns() -> None:
    by_rows, _ = batch_of("digits_rows")
    trace = drawn("digits_rows", by_rows)["sequence"]
    # Timestep 3 is the third row of the image: its pixels run down the column.
    np.testing.assert_array_equal(trace["z"][:, 2], by_rows[2])
    assert trace["x"].tolist() == list(range(1, 9))


def test_digits_by_pixels_stand_where_they_are_in_the_image() -> None:
    by_pixels, _ = batch_of("digits_pixels")
    trace = drawn("digits_pixels", by_pixels)["sequence"]
    known = np.isfinite(trace["z"])
    assert known.sum(axis=0).tolist() == [1] * 64
    assert trace["y"][known.argmax(axis=0)].tolist() == sorted([*range(1, 9)] * 8)
    np.testing.assert_array_equal(trace["z"].T[known.T], by_pixels[:, 0])
    whole = inputs.image_trace(by_pixels)["z"]
    assert whole[2, 4] == by_pixels[20, 0]


def test_the_same_image_whichever_way_it_is_read() -> None:
    rows, pixels = (batch_of(task)[0] for task in ("digits_rows", "digits_pixels"))
    np.testing.assert_array_equal(inputs.image_trace(rows)["z"], inputs.image_trace(pixels)["z"])


def test_a_recorded_run_shows_its_first_input() -> None:
    history = History(RecordedConfig(model="LSTM(2, 4)"))
    made = looked(RunConfig(cell="lstm", hidden_size=4, seq_len=12)).frames[0]
    history.append_frame(made)
    figure = figures.gate_maps(history)
    trace = next(each for each in figure.data if each.uid == "sequence")
    np.testing.assert_array_equal(trace.y, made.closeup.inputs[:, 0])
    assert figure.layout.yaxis.title.text == "input"


@pytest.mark.parametrize("task", get_args(TaskName))
def test_the_makers_inputs_are_of_the_tasks_kind(task: str) -> None:
    """The pictures above are drawn of fabricated sequences elsewhere: of the same shape."""
    config = RunConfig(task=task, hidden_size=2)
    batch = task_of(config).sample(1, torch.Generator())
    made, real = gate_closeup(config), batch.inputs
    if batch.decoder_inputs is not None:
        real = batch.decoder_inputs
    if TASKS[config.task].tokens:
        assert made.inputs.shape == (len(real), config.embedding_size)
        assert len(made.words) == len(real)
    else:
        assert made.inputs.shape == (len(real), real.shape[2])
        assert not made.words


def words_drawn(words: tuple[str, ...], task: str = "word_lm") -> dict[str, Any]:
    (trace,) = inputs.input_traces(inputs.VIEWS[task], np.zeros((len(words), 3)), words)
    return trace


def test_words_stand_where_they_were_read_as_they_are() -> None:
    trace = words_drawn(("the", "<unk>", "a$b", "end", "<eos>"))
    assert trace["x"].tolist() == [1, 2, 3, 4, 5]
    assert [html.unescape(each) for each in trace["text"]] == [
        "the",
        "<unk>",
        "a$b",
        "end",
        "<eos>",
    ]
    # plotly.js reads markup and mathematics in a text.
    assert not set("<$") & set("".join(trace["text"]))
    assert trace["mode"] == "text"


def test_characters_that_leave_no_mark_have_one() -> None:
    assert words_drawn(("a", " ", "b", "\n"), "char_lm")["text"] == ["a", "␣", "b", "¶"]


@pytest.mark.parametrize(("count", "rows"), [(6, 1), (7, 2), (13, 2), (14, 3), (39, 6)])
def test_words_take_as_many_rows_as_they_need(count: int, rows: int) -> None:
    """Five letters and a space: six to a line of forty."""
    words = ("words",) * count
    assert len(set(words_drawn(words)["y"].tolist())) == rows
    low, high = inputs.input_axis(inputs.VIEWS["word_lm"], np.zeros((count, 3)), words)["range"]
    assert low < 1 - rows <= 0 < high


def test_more_words_than_fit_are_dots_that_say_their_word() -> None:
    trace = words_drawn(("words",) * 100)
    assert trace["mode"] == "markers"
    assert trace["text"][99] == "words"


def test_a_text_without_its_words_is_a_signal() -> None:
    (trace,) = inputs.input_traces(inputs.VIEWS["word_lm"], np.arange(6.0).reshape(3, 2))
    assert trace["y"].tolist() == [0, 2, 4]


def test_the_words_are_above_the_gates() -> None:
    history = looked(RunConfig(task="word_lm", cell="lstm", hidden_size=4, seq_len=8))
    trace = next(each for each in figures.gate_maps(history).data if each.uid == "sequence")
    assert list(trace.text) == ["the", "&lt;unk&gt;", "function", "&lt;eos&gt;"] * 2
