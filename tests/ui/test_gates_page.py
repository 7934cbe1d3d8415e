"""The Gates page's logic, without a browser: what is asked for, looked at, linked and said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fabricated import gate_closeup, looked
from streamlit.testing.v1 import AppTest
from told import Told, opened_page, stage_named, told_workers, words_of

from gradviz import RunConfig
from gradviz.history import CloseUpRequest, Failure, History
from gradviz.lectures.pages import PICTURES
from gradviz.scenarios import SCENARIOS
from gradviz.ui.gates import GatesView
from gradviz.ui.lessons import GATES
from gradviz.ui.stage import Stage

ROOT = Path(__file__).parents[2]
SMALL = RunConfig(task="recall", cell="lstm", seq_len=12, hidden_size=4)


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> Told:
    return told_workers(monkeypatch)


def opened(**query: str | list[str]) -> AppTest:
    return opened_page("gates", query)


def small(**query: str | list[str]) -> AppTest:
    return opened(**{**SMALL.to_query(), **query})


def stage_of(page: AppTest) -> Stage:
    return stage_named(page, "gates")


def test_it_opens_with_the_recorded_run_of_a_network_that_learns(workers: Told) -> None:
    page = opened()
    assert stage_of(page).config == SCENARIOS["gates_bias_2"].config
    assert stage_of(page).recording == "gates_bias_2"
    assert workers.told == []
    assert "The forget gates of l0 are at" in words_of(page)


def test_of_other_settings_it_trains_a_step_at_once(workers: Told) -> None:
    page = small()
    assert stage_of(page).recording == ""
    assert workers.all("open") == [(SMALL, CloseUpRequest())]
    assert workers.all("step") == [("run 0", 1)]
    assert "The forget gates of l0 are at" in words_of(page)


def test_of_a_recording_another_sequence_is_looked_at_live(workers: Told) -> None:
    page = opened()
    page.number_input("gates_sequence").set_value(3).run()
    assert stage_of(page).recording == ""
    assert workers.all("open") == [(stage_of(page).config, CloseUpRequest(sequence=3))]
    assert workers.all("step") == [("run 0", 1)]


def test_the_forget_bias_is_a_slider_that_starts_anew_and_can_be_undone(workers: Told) -> None:
    page = small()
    slider = page.select_slider("gates_forget_bias")
    assert slider.value == "the cell's own"
    assert slider.options[:3] == ["the cell's own", "-2", "-1.5"]
    assert slider.options[-1] == "6"
    slider.set_value("5").run()
    assert stage_of(page).config == SMALL.replace(forget_bias=5.0)
    assert workers.all("close") == [("run 0",)]
    assert workers.all("step")[-1] == ("run 1", 1)
    assert page.query_params["forget_bias"] == "5.0"
    page.select_slider("gates_forget_bias").set_value("the cell's own").run()
    assert stage_of(page).config == SMALL
    page.button("undo").click().run()
    assert page.select_slider("gates_forget_bias").value == "5"


def test_what_a_fragment_brings_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    page = small()
    with monkeypatch.context() as during:
        for module in ("widgets", "controls"):
            during.setattr(f"gradviz.ui.{module}.in_fragment", lambda: True)
        page.select_slider("gates_forget_bias").set_value("5").run()
        page.selectbox("setting_cell").set_value("gru").run()
        page.number_input("gates_sequence").set_value(3).run()
        page.toggle("gates_by_mean").set_value(True).run()
    stage = stage_of(page)
    assert (stage.config, stage.look, stage.undo[1:]) == (SMALL, CloseUpRequest(), [])
    # The whole page's rerun, which follows such a change, still finds it.
    page.select_slider("gates_forget_bias").set_value("5").run()
    assert stage.config == SMALL.replace(forget_bias=5.0)


@pytest.mark.parametrize("bias", [3.8918, -20.0, 1e-3])
def test_the_slider_has_a_place_for_any_bias_of_a_link(bias: float) -> None:
    page = small(forget_bias=str(bias))
    slider = page.select_slider("gates_forget_bias")
    assert slider.value == f"{bias:g}"
    assert [float(each) for each in slider.options[1:]] == sorted(
        float(each) for each in slider.options[1:]
    )
    assert stage_of(page).config.forget_bias == bias


def test_only_an_lstm_has_a_forget_bias_to_turn() -> None:
    page = small()
    assert not page.select_slider("gates_forget_bias").disabled
    page.selectbox("setting_cell").set_value("gru").run()
    assert stage_of(page).config.cell == "gru"
    assert page.select_slider("gates_forget_bias").disabled
    assert "The update gates of l0" in words_of(page)


def test_of_a_plain_rnn_it_says_that_it_has_no_gates_and_shows_its_state() -> None:
    page = small(cell="rnn")
    assert "A plain RNN has no gates" in words_of(page)
    assert "hidden state h_t" in words_of(page).replace("\\", "")
    stage = stage_of(page)
    pictures = stage.lesson.pictures(stage)
    assert not {"forget_path", "half_life", "saturation_triangle"} & set(pictures)
    config = stage.config
    drawn = pictures["gate_maps"]({"": [looked(config)]}, None, theme="light")
    assert "Hidden state, unit by unit" in drawn.layout.title.text


def test_another_sequence_is_looked_at_without_a_restart(workers: Told) -> None:
    page = small()
    page.number_input("gates_sequence").set_value(3).run()
    assert workers.all("look") == [("run 0", CloseUpRequest(sequence=3))]
    assert len(workers.all("open")) == 1
    assert page.query_params["sequence"] == "3"
    # The next run looks there from its first step.
    page.select_slider("gates_forget_bias").set_value("1").run()
    assert workers.all("open")[-1][1] == CloseUpRequest(sequence=3)
    page.number_input("setting_probe_size").set_value(2).run()
    assert page.number_input("gates_sequence").value == 2
    assert page.query_params["sequence"] == "2"


def test_a_layer_is_chosen_where_there_are_several(workers: Told) -> None:
    page = small(num_layers="3")
    layer = page.selectbox("gates_layer")
    assert (layer.options, layer.value) == (["l0", "l1", "l2"], "l2")
    layer.set_value("l0").run()
    assert workers.all("look") == [("run 0", CloseUpRequest(layer="l0"))]
    assert page.query_params["layer"] == "l0"
    page.selectbox("gates_layer").set_value("l2").run()
    assert "layer" not in page.query_params
    page.selectbox("gates_layer").set_value("l1").run()
    page.number_input("setting_num_layers").set_value(1).run()
    assert stage_of(page).look.layer == ""
    assert not [each for each in page.selectbox if each.key == "gates_layer"]


def test_sorting_the_units_is_a_setting_of_the_page_alone(workers: Told) -> None:
    page = small()
    page.toggle("gates_by_mean").set_value(True).run()
    stage = stage_of(page)
    assert (stage.extra, stage.config) == (GatesView(by_mean=True), SMALL)
    assert len(workers.all("open")) == 1
    assert page.query_params["sort"] == "mean"
    closeup = gate_closeup(SMALL)
    drawn = stage.lesson.pictures(stage)["gate_maps"]({"": [looked(SMALL)]}, None, theme="dark")
    forget = next(trace for trace in drawn.data if trace.uid == "forget")
    least = int(closeup.gates["forget"].mean(axis=0).argmin())
    np.testing.assert_array_equal(forget.z[-1], closeup.gates["forget"][:, least])
    page.button("undo").click().run()
    assert not page.toggle("gates_by_mean").value


@pytest.mark.parametrize(
    "query",
    [
        {"task": "recall", "cell": "lstm", "sequence": "8", "sort": "mean"},
        {"task": "adding", "cell": "gru", "num_layers": "2", "layer": "l0"},
        {"task": "adding"},
        {"task": "digits_rows", "probe_size": "64", "sequence": "64"},
    ],
)
def test_a_link_asks_for_all_that_is_set_and_is_left_as_it_came(query: dict[str, str]) -> None:
    page = opened(**query)
    assert dict(page.query_params) == query
    assert stage_of(page).problems == []


def test_of_a_link_with_the_pages_own_words_alone_the_settings_are_the_pages() -> None:
    page = opened(sequence="2")
    assert stage_of(page).config == GATES.default
    assert stage_of(page).look.sequence == 2


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"sequence": "9"}, "sequence must be 1…8, got “9”; it was ignored."),
        ({"sequence": "-1"}, "sequence must be 1…8, got “-1”; it was ignored."),
        ({"sequence": "9" * 10_000}, "(10000 characters); it was ignored."),
        ({"layer": "l1"}, "layer must be l0, got “l1”; it was ignored."),
        ({"layer": "<script>alert(1)</script>"}, "layer must be l0, got “<script>alert(1)"),
        ({"sort": "up"}, "sort must be mean, got “up”; it was ignored."),
        ({"sequence": ["1", "2"]}, "sequence must be given once, got 2 values; it was ignored."),
        ({"hidden_size": "-1"}, "hidden_size must be a whole number, 1…512, got “-1”."),
    ],
)
def test_a_wrong_link_is_answered_in_a_sentence_and_loses_nothing_else(
    query: dict[str, Any], said: str
) -> None:
    page = opened(cell="gru", task="recall", **query)
    assert any(said in each.value.replace("\\", "") for each in page.warning)
    assert not any("<script>" in each.value for each in page.warning)
    assert stage_of(page).config == RunConfig(cell="gru", task="recall")
    assert stage_of(page).look == CloseUpRequest()
    assert set(page.query_params) == {"cell", "task"}


@pytest.mark.parametrize("name", [name for name, each in SCENARIOS.items() if each.page == "gates"])
def test_every_scenario_can_be_picked_and_linked(name: str) -> None:
    scenario = SCENARIOS[name]
    page = opened(**scenario.config.to_query())  # type: ignore[arg-type]
    assert page.selectbox("scenario").value == name
    assert page.header[0].value == scenario.title
    assert stage_of(page).config == scenario.config


def test_a_step_of_the_past_that_was_looked_at_elsewhere_says_so() -> None:
    first, second = gate_closeup(SMALL), replace(gate_closeup(SMALL, seed=1), sequence=5)
    runs = {"": [looked(SMALL, first, second)]}
    assert GATES.read(runs, 1).sentences[-1] == "At this step sequence 1 of l0 was looked at."
    for step in (2, None):
        assert "was looked at" not in " ".join(GATES.read(runs, step).sentences)


def test_a_run_that_failed_says_why_and_before_that_what_its_gates_did() -> None:
    history: History = looked(SMALL, gate_closeup(SMALL), gate_closeup(SMALL))
    history.failure = Failure(step=2, tensor="loss", kind="nan")
    failed = GATES.read({"": [history]}, None)
    assert (failed.level, failed.sentences[0][:40]) == (
        "error",
        "At step 2 the loss became NaN; the run s",
    )
    assert GATES.read({"": [history]}, 1).sentences[0].startswith("The forget gates of l0")


def test_a_lecture_may_choose_among_the_pages_pictures() -> None:
    stage = Stage(key="gates", lesson=GATES, config=GATES.default)
    assert set(PICTURES["gates"]) <= set(GATES.pictures(stage))
