"""The Compare page's logic, without a browser: set-ups, seeds, links, undo, the table."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode

import pytest
from fabricated import fabricate
from streamlit.testing.v1 import AppTest
from test_actions import Recorder
from test_pages import ROOT, no_workers, setting, state

from gradviz import RunConfig
from gradviz.config import allowed
from gradviz.config.setups import from_query
from gradviz.history import FRAME_BYTES
from gradviz.reading import difference_table
from gradviz.scenarios import SCENARIOS
from gradviz.ui import comparison, setting_changes, stage_runs
from gradviz.ui.compare import columns_of
from gradviz.ui.lessons import COMPARE
from gradviz.ui.session import Session
from gradviz.ui.stage import Stage

__all__ = ["no_workers"]  # Its fixture holds here too.

CELLS = list(SCENARIOS["cells"].variants.values())


def compare(**query: str | list[str]) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=20)
    page.switch_page("pages/compare.py")
    for name, value in query.items():
        page.query_params[name] = value
    return page.run()


def stage_of(page: AppTest) -> Stage:
    return state(page, "compare")


def url_of(page: AppTest) -> dict[str, list[str]]:
    given = dict(page.query_params)
    return {name: [each] if isinstance(each, str) else list(each) for name, each in given.items()}


def change(page: AppTest, place: int, name: str, value: object) -> AppTest:
    """Set a setting of one set-up as a user does."""
    key = f"setting_{place}_{name}"
    (widget,) = [each for each in (*page.selectbox, *page.number_input) if each.key == key]
    return widget.set_value(value).run()


def test_it_opens_with_four_cells_that_a_link_brings_back() -> None:
    page = compare()
    assert not page.exception
    assert comparison.configs_of(stage_of(page)) == CELLS
    assert page.selectbox("scenario").value == "cells"
    assert page.header[0].value == "Four cells, one task"
    assert page.button("undo").disabled
    assert page.button("defaults").disabled
    assert from_query(url_of(page)) == (CELLS, 1, [])
    assert comparison.configs_of(stage_of(compare(**url_of(page)))) == CELLS


@pytest.mark.parametrize(
    "query",
    [
        "task=recall&seq_len=50&cell=lstm&vs=forget_bias%3D2.0&vs=&seeds=4",
        "cell=gru&vs=cell%3Drnn%26clip%3Dnone",
        "task=adding",
        "vs=",
    ],
)
def test_a_link_stays_the_same_link(query: str) -> None:
    given = parse_qs(query, keep_blank_values=True)
    page = compare(**given)
    assert not page.exception
    assert not page.warning
    assert url_of(page) == given
    configs, seeds, _ = from_query(given)
    assert comparison.configs_of(stage_of(page)) == configs
    assert comparison.comparison(stage_of(page)).seeds == seeds


@pytest.mark.parametrize("name", ["cells", "forget_biases", "gains"])
def test_a_scenario_brings_all_its_variants_and_keeps_the_seeds(name: str) -> None:
    page = compare(task="adding", seeds="3")
    page.selectbox("scenario").set_value(name).run()
    assert comparison.configs_of(stage_of(page)) == list(SCENARIOS[name].variants.values())
    assert comparison.comparison(stage_of(page)).seeds == 3
    assert page.selectbox("scenario").value == name
    page.button("undo").click().run()
    assert comparison.configs_of(stage_of(page)) == [RunConfig()]


def test_a_set_up_is_added_changed_and_removed_and_all_of_it_undone() -> None:
    page = compare(cell="lstm")
    assert page.button("compare_remove").disabled
    page.button("compare_add").click().run()
    assert page.segmented_control("compare_editing").value == 1
    change(page, 1, "forget_bias", 2.0)
    wanted = [RunConfig(cell="lstm"), RunConfig(cell="lstm", forget_bias=2.0)]
    assert comparison.configs_of(stage_of(page)) == wanted
    assert list(stage_of(page).setups) == ["the cell's own forget bias", "forget bias 2"]
    assert url_of(page) == {"cell": ["lstm"], "vs": ["forget_bias=2.0"]}

    page.segmented_control("compare_editing").set_value(0).run()
    assert setting(page, "0_forget_bias") is None
    change(page, 0, "hidden_size", 48)
    page.button("compare_remove").click().run()
    assert comparison.configs_of(stage_of(page)) == wanted[1:]

    page.button("undo").click().run()
    assert page.segmented_control("compare_editing").value == 0
    page.button("undo").click().run()
    assert comparison.configs_of(stage_of(page)) == wanted
    page.button("undo").click().run()
    page.button("undo").click().run()
    assert comparison.configs_of(stage_of(page)) == [RunConfig(cell="lstm")]
    # Looking at another set-up was no change.
    assert page.button("undo").label == "Undo"
    assert len(stage_of(page).undo) == 1


def test_there_are_at_most_four() -> None:
    page = compare(task="adding")
    for number in (2, 3, 4):
        assert not page.button("compare_add").disabled
        page.button("compare_add").click().run()
        assert len(comparison.configs_of(stage_of(page))) == number
    assert page.button("compare_add").disabled
    assert list(stage_of(page).setups) == ["RNN", "RNN (2)", "RNN (3)", "RNN (4)"]


def test_what_is_shared_changes_in_all_or_in_none() -> None:
    page = compare(vs=["hidden_size=500&cell=lstm", "cell=gru"])
    page.number_input("setting_batch_size").set_value(16).run()
    page.number_input("setting_seed").set_value(7).run()
    configs = comparison.configs_of(stage_of(page))
    assert [(each.batch_size, each.seed) for each in configs] == [(16, 7)] * 3
    page.number_input("setting_seq_len").set_value(300).run()
    assert "work budget" in page.warning[0].value
    assert comparison.configs_of(stage_of(page)) == configs
    assert setting(page, "seq_len") == 60
    page.selectbox("setting_task").set_value("digits_rows").run()
    assert [each.seq_len for each in comparison.configs_of(stage_of(page))] == [8] * 3


def test_a_set_up_too_large_is_refused_in_words_and_loses_nothing() -> None:
    page = compare(seq_len="1000", vs="cell=gru")
    page.segmented_control("compare_editing").set_value(1).run()
    change(page, 1, "hidden_size", 512)
    assert "work budget of 1,000,000,000" in page.warning[0].value.replace("\\", "")
    assert setting(page, "1_hidden_size") == 32


def test_seeds_count_upwards_from_each_set_ups_own() -> None:
    page = compare(seed="5", vs="cell=gru")
    page.number_input("compare_seeds").set_value(3).run()
    seeds = {
        label: [config.seed for config in configs]
        for label, configs in stage_of(page).setups.items()
    }
    assert seeds == {"RNN": [5, 6, 7], "GRU": [5, 6, 7]}
    last = compare(seed=str(2**31 - 1), seeds="2")
    assert [each.seed for each in stage_of(last).setups["RNN"]] == [2**31 - 1, 0]


def test_hostile_links_are_answered_in_sentences() -> None:
    page = compare(
        vs=["seed=3&cell=gru", "hidden_size=-1&cell=<b>", "", "cell=gru", "cell=lstm"], seeds="99"
    )
    assert not page.exception
    said = " ".join(each.value.replace("\\", "") for each in page.warning)
    for sentence in (
        "vs must be given at most 3 times, got 5; the first 3 are used.",
        "seeds must be a whole number, 1…10, got “99”. The default is used.",
        "Set-up 2: seed must be the same in all set-ups, got “3”. The first set-up's is used.",
        "Set-up 3: hidden_size must be a whole number, 1…512, got “-1”.",
        f"Set-up 3: cell must be {allowed('cell')}, got “<b>”.",
    ):
        assert sentence in said
    assert comparison.configs_of(stage_of(page)) == [
        RunConfig(),
        RunConfig(cell="gru"),
        RunConfig(),
        RunConfig(),
    ]


def test_a_set_ups_own_length_in_a_link_cannot_pass_the_work_budget() -> None:
    page = compare(seq_len="1000", vs=urlencode({"seq_len": 10, "hidden_size": 512}))
    assert not page.exception
    assert comparison.configs_of(stage_of(page)) == [RunConfig(seq_len=1000)] * 2
    assert any("work budget" in each.value for each in page.warning)


def test_every_set_up_and_seed_becomes_a_run_of_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    session, runner = Session(), Recorder()
    monkeypatch.setattr(stage_runs, "runner", lambda: runner)
    monkeypatch.setattr(setting_changes, "session", lambda: session)
    stage = session.stage(COMPARE)
    comparison.set_seeds(stage, 10)
    stage_runs.open_runs(stage)
    opened = [config for told, config, *_ in runner.told if told == "open"]
    assert opened == [cell.replace(seed=seed) for cell in CELLS for seed in range(10)]
    assert 40 * (COMPARE.frame_bytes // 40) <= FRAME_BYTES
    assert stage.changed() == []
    # A label is made of settings; the runs are those of the settings all the same.
    comparison.change_one(stage, 3, learning_rate=0.01)
    assert stage.changed() == ["learning_rate"]
    setting_changes.setting_changed("compare", "learning_rate")
    assert stage.changed() == ["learning_rate"]
    comparison.set_seeds(stage, 9)
    assert stage.changed() == ["seeds"]
    comparison.remove(stage, 1)
    assert stage.changed() == ["set-ups"]


def test_the_table_stands_before_the_first_step_with_what_differs() -> None:
    page = compare(cell="lstm", vs=["forget_bias=2", "cell=gru"])
    (table,) = page.table
    names = [each.replace("\\", "") for each in table.value["Set-up"]]
    assert names[:2] == ["Cell", "Forget bias"]
    assert "Horizon now" in names
    assert list(table.value.columns)[1:] == ["LSTM", r"LSTM · forget bias 2", "GRU"]


def test_the_table_says_what_was_measured_of_each_set_up() -> None:
    losses = {"RNN": 0.2, "GRU": 0.01}
    runs = {
        label: [fabricate(RunConfig(cell=label.lower()), steps=60, scalars={"loss": loss})]
        for label, loss in losses.items()
    }
    lines = {line.pop("Set-up"): line for line in columns_of(difference_table(runs))}
    assert lines["Cell"] == {"RNN": "RNN", "GRU": "GRU"}
    assert lines["Solved"] == {"RNN": "0 of 1", "GRU": "1 of 1"}
    assert lines["Steps to solve"] == {"RNN": "–", "GRU": "20"}


def test_a_set_up_is_truncated_beside_one_that_is_not() -> None:
    page = compare(cell="gru", vs="")
    page.segmented_control("compare_editing").set_value(1).run()
    change(page, 1, "bptt_window", 10)
    assert [config.bptt_window for config in comparison.configs_of(stage_of(page))] == [0, 10]
    assert url_of(page)["vs"] == ["bptt_window=10"]
    change(page, 1, "cell", "fully_connected")
    assert comparison.configs_of(stage_of(page))[1].bptt_window == 0
    keys = [each.key for each in page.number_input]
    assert "setting_1_bptt_window" not in keys
