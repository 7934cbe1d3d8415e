"""One damaged run in the file: it is listed with a sentence, and the others as ever."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gradviz.config import RecordedConfig, RunConfig
from gradviz.store import RunInfo, Store, StoreError, edits
from tests.fabricated import frame, row

LSTM = RunConfig(cell="lstm", seq_len=20, hidden_size=4)
OWN = RecordedConfig(model="encoder: GRU(1, 2)", settings={"lr": 0.1})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three runs; the second is to be mangled."""
    path = tmp_path / "runs.db"
    with Store(path) as store:
        for name, config in (("one", LSTM), ("two", LSTM), ("three", OWN)):
            run = store.begin(config, name=name, tags=("a",), floor=0.25)
            store.write(run, [row(1), row(2)], [frame(LSTM, 2)])
            store.end(run)
    return path


def mangled(path: Path, change: str, *values: object) -> list[RunInfo]:
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        plain.execute(change, values)
    with Store(path, read_only=True) as store:
        return store.runs()


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("tags", "{", "tags"),
        ("tags", '[["a"]]', "tags"),
        ("tags", "7", "tags"),
        ("versions", "[]", "versions"),
        ("versions", '{"torch": 2}', "versions"),
        ("failure", '{"step": 3}', "failure"),
        ("failure", "[1]", "failure"),
        ("started", "yesterday", "start"),
        ("started", float("inf"), "start"),
        ("started", 1e300, "start"),
        ("ended", -1.0, "end"),
        ("floor", "low", "floor"),
        ("name", b"\xff\xfe", "name"),
    ],
)
def test_what_cannot_be_read_is_said(path: Path, column: str, value: object, said: str) -> None:
    before = mangled(path, "SELECT 1")
    one, two, three = mangled(path, f"UPDATE run SET {column} = ? WHERE id = 2", value)  # noqa: S608
    assert two.problem.startswith(f"Its {said} cannot be read")
    assert (one, three) == (before[0], before[2])
    assert (two.run_id, two.steps, two.config, two.layers) == (2, 2, LSTM, ("l0",))


def test_several_parts_in_one_sentence(path: Path) -> None:
    _, two, _ = mangled(path, "UPDATE run SET tags = '', versions = '', ended = 'x' WHERE id = 2")
    assert two.problem.startswith("Its tags, versions and end cannot be read")
    assert (two.tags, two.versions, two.ended) == ((), {}, None)


@pytest.mark.parametrize(
    "config",
    [
        "{",
        "7",
        "null",
        '{"RunConfig": {"seq_len": NaN}}',
        '{"RecordedConfig": {"model": 3}}',
        '{"RecordedConfig": {"model": "GRU", "settings": [1]}}',
        b"\x00",
    ],
)
def test_settings_that_are_none(path: Path, config: object) -> None:
    one, two, three = mangled(path, "UPDATE run SET config = ? WHERE id = 2", config)
    assert (one.config, two.config, three.config) == (LSTM, None, OWN)
    with Store(path) as store, pytest.raises(StoreError, match=r"Run 2 of .* cannot be read"):
        store.load(2)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE scalars SET loss = 'abc', learning_rate = NULL WHERE run = 2 AND step = 1",
        "UPDATE scalars SET loss = x'00' WHERE run = 2",
        "UPDATE measured SET shape = '7 7' WHERE run = 2",
        "UPDATE measured SET shape = 7 WHERE run = 2",
        "UPDATE measured SET value = NULL WHERE run = 2",
        "UPDATE measured SET value = 'abc', shape = '3' WHERE run = 2",
        "UPDATE measured SET layer = x'ff' WHERE run = 2",
        "UPDATE measured SET layer = CAST(x'ff' AS TEXT) WHERE run = 2",
        "UPDATE run SET name = CAST(x'ff' AS TEXT) WHERE id = 2",
        "DELETE FROM measured WHERE run = 2 AND name = 'hidden_grad_log10'",
    ],
)
def test_numbers_that_are_none(path: Path, change: str) -> None:
    before = mangled(path, "SELECT 1")
    one, two, three = mangled(path, change)
    assert (one, three) == (before[0], before[2])
    assert two.run_id == 2


def test_it_can_be_named_tagged_and_deleted(path: Path) -> None:
    mangled(path, "UPDATE run SET tags = '{', name = x'ff', config = '7' WHERE id = 2")
    with Store(path) as store:
        edits.rename(store, 2, "mended")
        edits.tag(store, 2, ["b"])
        assert [each.problem for each in store.runs()] == ["", "", ""]
        edits.delete(store, [2])
        assert [each.name for each in store.runs()] == ["one", "three"]
        assert edits.purge(store) == 1
