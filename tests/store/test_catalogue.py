"""The list of runs, what a user does with it, and runs that go from file to file."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from gradviz import __version__
from gradviz.config import RecordedConfig, RunConfig
from gradviz.history import CloseUp, Failure, History
from gradviz.store import Store, StoreError, copies, default_path, edits
from gradviz.store.run_info import POINTS
from tests.fabricated import frame, layer_frame, looked, row

LSTM = RunConfig(cell="lstm", seq_len=20, hidden_size=4)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "runs.db") as opened:
        yield opened


def falling(store: Store, steps: int, **begun: object) -> int:
    """A run whose loss at step n is 1/n, measured at its first and last step."""
    run = store.begin(LSTM, **begun)  # type: ignore[arg-type]
    rows = [row(step, loss=1 / step) for step in range(1, steps + 1)]
    frames = [frame(LSTM, step, rate=rate) for step, rate in ((1, 0.5), (steps, 0.8))]
    store.write(run, rows, frames[: min(steps, 2)])
    return run


def test_a_run_in_short(store: Store) -> None:
    run = falling(store, 500, name="first", tags=("a", "b c"), floor=0.25)
    store.write(
        run, [row(501, loss=math.nan)], failure=Failure(step=501, tensor="loss", kind="nan")
    )
    store.end(run)
    (info,) = store.runs()
    assert (info.name, info.tags, info.config, info.steps) == ("first", ("a", "b c"), LSTM, 501)
    assert info.started <= (info.ended or 0)
    assert info.floor == 0.25
    assert info.failure == "nan in loss at step 501"
    assert info.versions["gradviz"] == __version__
    assert {"python", "numpy", "torch"} <= set(info.versions)
    # 0.8 to the fourth is 0.41, to the fifth 0.33 < 1/e.
    assert (info.layers, info.horizon) == (("l0",), 5.0)
    assert len(info.losses) == POINTS
    assert info.losses[0] == 1.0
    assert math.isnan(info.losses[-1])
    assert list(info.losses[:-1]) == sorted(info.losses[:-1], reverse=True)


def test_few_steps_thinned_steps_and_none(store: Store) -> None:
    short, empty, thinned = falling(store, 3), store.begin(LSTM), store.begin(LSTM)
    store.write(thinned, [row(step, loss=step) for step in (1, 5, 9, 10)])
    found = {info.run_id: info for info in store.runs()}
    assert found[short].losses == (1.0, 1 / 2, 1 / 3)
    assert (found[empty].losses, found[empty].steps, found[empty].layers) == ((), 0, ())
    assert math.isnan(found[empty].horizon)
    assert sorted(set(found[thinned].losses)) == [1.0, 5.0, 9.0, 10.0]


def test_the_horizon_is_of_the_top_layer_that_reads_forward(store: Store) -> None:
    own = RecordedConfig(model="LSTM(2, 4, bidirectional=True)")
    rates = {"encoder.l0": 0.5, "encoder.l0_reverse": 0.9}
    layers = {name: layer_frame(LSTM, rate=rate) for name, rate in rates.items()}
    store.write(store.begin(own), [row(1)], [replace(frame(LSTM), layers=layers)])
    (info,) = store.runs()
    assert info.config == own
    assert info.layers == ("encoder.l0", "encoder.l0_reverse")
    assert info.horizon == 2.0  # 0.5 ** 2 < 1/e < 0.5.


def test_settings_of_a_newer_gradviz_are_listed_as_unknown(store: Store) -> None:
    falling(store, 2)
    with store.writing() as connection:
        connection.execute("UPDATE run SET config = replace(config, 'lstm', 'mamba')")
    assert store.runs()[0].config is None
    with pytest.raises(StoreError, match=r"Run 1 of .* cannot be read: cell must be one of"):
        store.load(1)


def test_name_and_tags(store: Store) -> None:
    run = falling(store, 2)
    edits.rename(store, run, "  the\none ")
    edits.tag(store, run, [" long  run ", "", "x", "x"])
    assert (store.runs()[0].name, store.runs()[0].tags) == ("the one", ("long run", "x"))
    with pytest.raises(StoreError, match=r"name must have 1…200 characters, got 0"):
        edits.rename(store, run, " ")
    with pytest.raises(StoreError, match=r"tags must be at most 20 of at most 40 characters"):
        edits.tag(store, run, ["x" * 41])
    with pytest.raises(StoreError, match=r"got 7; it is gone"):
        edits.rename(store, 7, "nobody")
    assert store.runs()[0].name == "the one"


def test_a_deletion_can_be_taken_back_until_it_is_purged(store: Store) -> None:
    kept, gone = falling(store, 2), falling(store, 2)
    edits.delete(store, [gone])
    assert [each.run_id for each in store.runs()] == [kept]
    assert [each.run_id for each in store.runs(deleted=True)] == [gone]
    assert edits.purge(store, older_than_s=60) == 0
    edits.restore(store, [gone])
    assert [each.run_id for each in store.runs()] == [kept, gone]
    edits.delete(store, [gone])
    assert edits.purge(store) == 1
    with store.reading() as connection:
        for ask in ("SELECT DISTINCT run FROM scalars", "SELECT DISTINCT run FROM measured"):
            assert connection.execute(ask).fetchall() == [(kept,)]


def test_what_is_written_again_takes_the_place_of_what_was(store: Store) -> None:
    run = falling(store, 10)
    store.write(run, [], [frame(LSTM, 10, rate=0.6)])
    assert store.load(run).frames[-1].layers["l0"].horizon == 2.0  # 0.6 ** 2 = 0.36 < 1/e.
    store.write(run, [row(5, loss=7.0)], [frame(LSTM, 5)], after=4)
    assert store.load(run).column("loss").tolist() == [1, 1 / 2, 1 / 3, 1 / 4, 7]
    store.write(run, [], [], gone=[1])
    assert [each.step for each in store.load(run).frames] == [5]


def test_close_ups_and_words_are_kept_as_they_were(store: Store) -> None:
    config = LSTM.replace(task="char_lm", seq_len=20)
    history = looked(config)
    frames = [replace(each, text="the ü\n", held_out=1.25) for each in history.frames]
    run = store.begin(config)
    store.write(run, [row(1)], frames)
    (found,) = store.load(run).frames
    assert (found.text, found.held_out) == ("the ü\n", 1.25)
    assert_same(found.closeup, frames[0].closeup)


def assert_same(found: CloseUp | None, expected: CloseUp | None) -> None:
    assert found is not None
    for field in fields(CloseUp):
        one, other = getattr(found, field.name), getattr(expected, field.name)
        if isinstance(other, dict):
            assert list(one) == list(other)
            one, other = list(one.values()), list(other.values())
        if isinstance(other, np.ndarray):
            assert one.dtype == other.dtype, field.name
        np.testing.assert_array_equal(one, other, field.name)


def test_runs_go_from_file_to_file(store: Store, tmp_path: Path) -> None:
    first, second = falling(store, 40, name="ü", tags=("x",)), falling(store, 2)
    copies.export(store, [first], tmp_path / "one.db")
    assert not (tmp_path / "one.db-wal").exists()
    assert copies.take(store, tmp_path / "one.db") == [3]
    one, _, three = store.runs()
    assert replace(three, run_id=first) == one
    assert_runs_alike(store.load(3), store.load(first))
    with pytest.raises(StoreError, match=r"There is no run 9"):
        copies.export(store, [second, 9], tmp_path / "two.db")
    with Store(tmp_path / "two.db", read_only=True) as other:
        assert other.runs() == []


def assert_runs_alike(one: History, other: History) -> None:
    assert one.column("loss").tolist() == other.column("loss").tolist()
    for mine, yours in zip(one.frames, other.frames, strict=True):
        assert mine.step == yours.step
        np.testing.assert_array_equal(
            mine.layers["l0"].hidden_grad_log10, yours.layers["l0"].hidden_grad_log10
        )


def test_what_is_damaged_or_foreign_is_not_taken(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "given.db"
    with Store(path) as given:
        falling(given, 4)
        falling(given, 4)
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        plain.execute("UPDATE measured SET shape = '7 7' WHERE run = 2 AND shape IS NOT NULL")
    with pytest.raises(StoreError, match=r"Run 2 of .*given\.db cannot be read"):
        copies.take(store, path)
    Store(tmp_path / "empty.db").close()
    with pytest.raises(StoreError, match="must hold a run, got none"):
        copies.take(store, tmp_path / "empty.db")
    assert store.runs() == []


def test_the_place_of_the_apps_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRADVIZ_RUNS", str(tmp_path / "here.db"))
    assert default_path() == tmp_path / "here.db"
    monkeypatch.delenv("GRADVIZ_RUNS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_path().name == "runs.db"
    assert default_path().parent.name == "gradviz"
