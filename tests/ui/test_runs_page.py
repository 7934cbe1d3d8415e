"""The Runs page's logic and the Save button, without a browser."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from told import Told, opened_page, stage_named, told_workers, words_of

from gradviz.config import RecordedConfig, RunConfig
from gradviz.config.limits import Limits
from gradviz.store import Store, copies
from gradviz.ui import run_list, run_viewer, saving
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


def test_what_is_exported_is_imported(path: Path, tmp_path: Path) -> None:
    (tmp_path / "one.db").write_bytes(run_list._exported((1,)))
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
    for module in (run_list, saving):
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
