"""The Runs page's logic and the Save button, without a browser."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from told import Told, opened_page, stage_named, told_workers, words_of

from gradviz.config import RecordedConfig, RunConfig
from gradviz.config.limits import Limits
from gradviz.store import Store, copies, database, edits
from gradviz.ui import run_edits, run_files, run_list, run_viewer, saving
from gradviz.ui import session as ui_session
from tests.fabricated import frame, row

LSTM = RunConfig(cell="lstm", seq_len=20, hidden_size=8, seed=3)
OWN = RecordedConfig(model="encoder: GRU(8, 32)", settings={"lr": 0.1})


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> Told:
    return told_workers(monkeypatch)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with two runs of the app's and one of a user's own model."""
    path = tmp_path / "runs.db"
    monkeypatch.setenv("GRADVIZ_RUNS", str(path))
    with Store(path) as store:
        for config, name in ((LSTM, "long"), (LSTM.replace(cell="gru"), "other"), (OWN, "mine")):
            run = store.begin(config, name=name, floor=1 / 6)
            made = config if isinstance(config, RunConfig) else LSTM
            store.write(run, [row(step, loss=1 / step) for step in (1, 2, 3)], [frame(made, 3)])
            store.end(run)
    return path


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lines that are ticked in the table, which AppTest cannot click."""
    ticked: list[int] = []

    def table(*args: Any, **options: Any) -> Any:
        return SimpleNamespace(selection=SimpleNamespace(rows=list(ticked)))

    monkeypatch.setattr(run_list.st, "dataframe", table)
    return ticked


def opened() -> AppTest:
    return opened_page("runs", {})


def names(path: Path) -> list[str]:
    with Store(path) as store:
        return [run.name for run in store.runs()]


def test_a_file_that_is_not_there_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADVIZ_RUNS", str(tmp_path / "none.db"))
    assert "No run is saved yet" in words_of(opened())
    assert not list(tmp_path.iterdir())


def test_a_foreign_file_is_a_sentence(path: Path) -> None:
    path.write_bytes(b"name,loss\n" * 100)
    assert "must be a file of gradviz" in words_of(opened()).replace("\\", "")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("truncated", "must be a file of gradviz"),
        ("newer", "of a newer gradviz"),
        ("folder", "must be a file, got a folder"),
        ("other", "another program"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(path: Path, harm: str, said: str) -> None:
    if harm == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif harm == "newer":
        with closing(sqlite3.connect(path)) as plain:
            plain.execute("PRAGMA user_version = 99")
    else:
        path.unlink()
        if harm == "folder":
            path.mkdir()
        else:
            with closing(sqlite3.connect(path)) as plain:
                plain.execute("CREATE TABLE sales (id)")
    page = opened()
    assert not page.exception
    assert said in words_of(page).replace("\\", "")


def test_what_cannot_be_written_is_a_sentence_and_nothing_is_lost(
    path: Path, ticks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks[:] = [2]
    page = opened()
    monkeypatch.setattr(run_list.stills, "WAIT_S", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        page.text_input(key="run_name_1").set_value("renamed").run()
        assert "got it locked by another program" in words_of(page).replace("\\", "")
        assert not page.exception
        page.button(key="runs_delete").click().run()
        assert "got it locked by another program" in words_of(page).replace("\\", "")
        assert not [each for each in page.button if each.key == "runs_undo"]
    assert names(path) == ["long", "other", "mine"]
    long = [f"{n:040}" for n in range(20)]
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        # A row that fills its page: a longer one needs another.
        plain.execute(
            "UPDATE run SET versions = json_object('x', substr(hex(zeroblob(4000)), 1,"
            " 3800 - length(config) - length(name))) WHERE id = 1"
        )
    connect = database.sqlite3.connect

    def of_few_pages(*given: Any, **more: Any) -> sqlite3.Connection:
        found = connect(*given, **more)
        found.execute("PRAGMA max_page_count = 1")
        return found

    monkeypatch.setattr(database.sqlite3, "connect", of_few_pages)
    page.text_input(key="run_tags_1").set_value(", ".join(long)).run()
    assert not page.exception
    assert "is full; free some space" in words_of(page).replace("\\", "")
    assert names(path) == ["long", "other", "mine"]


def test_a_file_that_may_only_be_read_is_shown(path: Path, ticks: list[int]) -> None:
    ticks[:] = [2]
    with without_rights(path.parent, 0o755):
        page = opened()
        assert stage_named(page, "runs").stored == {"": 1}
        page.text_input(key="run_name_1").set_value("renamed").run()
        assert not page.exception
        assert "must be writable" in words_of(page).replace("\\", "")
    with without_rights(path.parent, 0o555):
        page = opened()
        assert not page.exception
    assert names(path) == ["long", "other", "mine"]


@contextmanager
def without_rights(folder: Path, rights: int) -> Iterator[None]:
    """As a user who may read the files of a folder, and not write them."""
    was_root = os.geteuid() == 0
    if was_root:
        os.chown(folder, 65534, -1)
    folder.chmod(rights)
    for parent in folder.parents[:3] if was_root else ():  # pytest's own, and its worker's.
        parent.chmod(parent.stat().st_mode | 0o055)
    for each in folder.iterdir():
        each.chmod(0o444)
    try:
        if was_root:
            os.seteuid(65534)
        yield
    finally:
        if was_root:
            os.seteuid(0)
        folder.chmod(0o755)
        for each in folder.iterdir():
            each.chmod(0o644)


def test_one_damaged_run_leaves_the_others(path: Path, ticks: list[int]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        plain.execute("UPDATE run SET tags = '{', config = '7' WHERE id = 2")
    ticks[:] = [1]
    page = opened()
    assert not page.exception
    assert "other: Its tags cannot be read" in words_of(page).replace("\\", "")
    assert "Run 2 of" in words_of(page)
    page.button(key="runs_delete").click()
    ticks[:] = [1]
    page.run()
    assert names(path) == ["long", "mine"]
    assert stage_named(page, "runs").stored == {"": 1}


def test_the_room_of_deleted_runs_is_given_back(path: Path) -> None:
    with Store(path) as store:
        run = store.begin(LSTM)
        store.write(run, [row(step) for step in range(1, 5001)])
        edits.delete(store, [run])
        edits.purge(store)
    page = opened()
    assert "are free" in page.caption[-1].value
    page.button(key="runs_compact").click().run()
    assert not page.exception
    assert "are free" not in page.caption[-1].value
    assert names(path) == ["long", "other", "mine"]


def test_the_list_says_what_differs(path: Path) -> None:
    (table,) = opened().dataframe
    found = table.value
    assert list(found["Name"]) == ["mine", "other", "long"]
    settings = list(found["Settings"])
    assert settings[0] == "encoder: GRU(8, 32) · lr 0.1"
    assert settings[2] == "LSTM · Adding problem · sequence length 20 · seed 3 · hidden size 8"
    assert list(found["Horizon"])[2] == "10"  # 0.9 ** 10 = 0.349 < 1/e < 0.387.
    assert list(found["Loss"])[2].tolist() == pytest.approx([1, 1 / 2, 1 / 3])
    assert list(found["Layers"]) == ["l0"] * 3


def test_words_find_runs_by_name_tag_setting_and_layer(path: Path) -> None:
    with Store(path) as store:
        runs = store.runs()
    assert [run.name for run in run_list.matching(runs, "LSTM")] == ["long"]
    assert [run.name for run in run_list.matching(runs, "gru encoder")] == ["mine"]
    assert [run.name for run in run_list.matching(runs, "l0")] == ["long", "other", "mine"]
    assert run_list.matching(runs, "nothing") == []


def test_name_and_tags_are_kept(path: Path, ticks: list[int]) -> None:
    ticks[:] = [2]
    page = opened()
    page.text_input(key="run_name_1").set_value("renamed").run()
    page.text_input(key="run_tags_1").set_value("a, b").run()
    with Store(path) as store:
        assert (store.runs()[0].name, store.runs()[0].tags) == ("renamed", ("a", "b"))
    page.text_input(key="run_name_1").set_value("").run()
    assert "name must have 1…200 characters" in words_of(page).replace("\\", "")
    assert names(path)[0] == "renamed"


def test_deleting_is_undone(path: Path, ticks: list[int]) -> None:
    ticks[:] = [0, 2]
    page = opened()
    page.button(key="runs_delete").click()
    ticks.clear()
    page.run()
    assert names(path) == ["other"]
    page.button(key="runs_undo").click().run()
    assert names(path) == ["long", "other", "mine"]
    assert not [each for each in page.button if each.key == "runs_undo"]


def test_one_is_looked_at_several_are_compared(path: Path, ticks: list[int]) -> None:
    ticks[:] = [0]
    page = opened()
    stage = stage_named(page, "runs")
    assert stage.stored == {"": 3}
    assert stage.lesson is run_viewer.ONE
    assert not [each for each in page.button if str(each.key).startswith("runs_open")]
    assert any("a model of your own" in each.value for each in page.caption)
    ticks[:] = [0, 1, 2]
    page.run()
    assert not page.exception
    stage = stage_named(page, "runs")
    assert stage.stored == {"long": 1, "other": 2, "mine": 3}
    assert stage.lesson is run_viewer.SEVERAL


def test_a_run_opens_in_a_lesson_as_a_still(path: Path, ticks: list[int], workers: Told) -> None:
    ticks[:] = [2]
    page = opened()
    page.button(key="runs_open_vanishing").click().run()
    assert not page.exception
    stage = stage_named(page, "vanishing")
    assert (stage.config, stage.stored) == (LSTM, {"": 1})
    assert not workers.all("open")  # Nothing trains.
    page.switch_page("pages/vanishing.py").run()
    assert stage_named(page, "vanishing").stored == {"": 1}
    page.number_input(key="setting_seed").set_value(4).run()
    assert stage_named(page, "vanishing").stored == {}


@pytest.mark.parametrize(
    ("name", "ticked", "stored"),
    [
        ("clipping", [2], {"norm 1": 1}),
        ("compare", [1, 2], {"LSTM": 1, "GRU": 2}),
        ("remedies", [2], {"Untreated": 1}),
    ],
)
def test_runs_open_in_a_page_of_several(
    path: Path, ticks: list[int], workers: Told, name: str, ticked: list[int], stored: object
) -> None:
    ticks[:] = ticked
    page = opened()
    page.button(key=f"runs_open_{name}").click().run()
    page.switch_page(f"pages/{name}.py").run()
    assert not page.exception
    assert stage_named(page, name).stored == stored
    assert not workers.all("open")  # Nothing trains.


def test_what_is_exported_is_imported(path: Path, tmp_path: Path) -> None:
    (tmp_path / "one.db").write_bytes(run_files._exported((1,)))
    with Store(path) as store:
        copies.take(store, tmp_path / "one.db")
    assert names(path) == ["long", "other", "mine", "long"]
    with closing(sqlite3.connect(tmp_path / "one.db")) as plain:
        assert plain.execute("SELECT count(*) FROM scalars").fetchone() == (3,)


def test_the_save_button_and_every_run(workers: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[tuple[Any, ...]] = []

    def save(*given: Any) -> bool:
        saved.append(given)
        return True

    monkeypatch.setattr(workers, "save", save, raising=False)
    page = opened_page("vanishing", {})
    if not stage_named(page, "vanishing").runs:  # A recorded run is shown first.
        page.button(key="save").click().run()
        assert "There is no run yet" in words_of(page)
        assert saved == []
    page = opened_page("vanishing", {"recurrent_init": "orthogonal", "recurrent_gain": "1.234"})
    page.button(key="save").click().run()
    assert [each[1:] for each in saved] == [("RNN, Adding problem", ("Vanishing & exploding",))]
    page.toggle(key="saves_all").set_value(True).run()
    assert page.session_state[ui_session._KEY].saves_all
    assert saving.RUNS == "pages/runs.py"


def exported(page: AppTest) -> tuple[list[str], list[str]]:
    """The pictures and kinds of files that are offered, and what may be copied."""
    page.button(key="export_runs").click().run()
    assert not page.exception
    boxes = [page.selectbox(key=f"export_{name}").options for name in ("picture", "kind")]
    return [*boxes[0], *boxes[1]], [each.value for each in page.code]


def test_saved_runs_are_exported_with_the_link_that_trains_them_anew(
    path: Path, ticks: list[int]
) -> None:
    ticks[:] = [2]
    offered, (link, latex) = exported(opened())
    assert {"Gradient flow now", "PNG image", "Run as NPZ"} <= set(offered)
    assert link == "/live_training?task=adding&seq_len=20&seed=3&cell=lstm&hidden_size=8"
    assert "cell=lstm" in latex
    ticks[:] = [1, 2]
    offered, (link, latex) = exported(opened())
    assert "Gates" not in offered
    assert link.startswith("/compare?task=adding&")
    assert "vs=cell%3Dgru" in link
    ticks[:] = [0]
    _, (latex,) = exported(opened())
    assert "model=encoder: GRU(8, 32)" in latex


def test_where_nothing_is_saved_runs_are_only_looked_at(
    path: Path, ticks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (run_list, run_edits, run_files, saving):
        monkeypatch.setattr(module, "LIMITS", Limits(saving=0))
    ticks[:] = [2]
    page = opened()
    assert not page.exception
    keys = {each.key for each in (*page.button, *page.text_input)}
    assert "export_runs" in keys
    assert not {key for key in keys if key and key.startswith(("runs_delete", "run_name"))}
    assert "Import runs" not in words_of(page)
    training = opened_page("live_training", {})
    assert "save" not in {each.key for each in training.button}
    path.unlink()
    assert "this server only shows those that are" in words_of(opened())
