"""The Vanishing page's logic, without a browser: the knob, where to look, links, undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fabricated import looked
from streamlit.testing.v1 import AppTest
from told import Told, opened_page, stage_named, told_workers, words_of

from gradviz import RunConfig
from gradviz.history import CloseUpRequest, Failure
from gradviz.lectures.pages import PICTURES
from gradviz.scenarios import SCENARIOS
from gradviz.ui.layout import link_query
from gradviz.ui.lessons import VANISHING
from gradviz.ui.stage import Stage
from gradviz.ui.vanishing import Example

ROOT = Path(__file__).parents[2]
SMALL = RunConfig(task="adding", seq_len=12, hidden_size=4, recurrent_init="orthogonal")


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> Told:
    return told_workers(monkeypatch)


def opened(**query: str | list[str]) -> AppTest:
    return opened_page("vanishing", query)


def small(**query: str | list[str]) -> AppTest:
    return opened(**{**SMALL.to_query(), **query})


def stage_of(page: AppTest) -> Stage:
    return stage_named(page, "vanishing")


def test_it_opens_with_the_first_step_of_its_recorded_run(workers: Told) -> None:
    page = opened()
    stage = stage_of(page)
    assert (stage.config, stage.recording) == (SCENARIOS["gain_one"].config, "gain_one")
    assert stage.scrub == 1
    assert workers.told == []
    said = words_of(page).replace("\\", "")
    assert "The linear network with the same ρ = 1 gives 1: the measured" in said


def test_the_knob_is_a_new_network_at_its_first_step_and_can_be_undone(workers: Told) -> None:
    page = small()
    knob = page.select_slider("vanishing_gain")
    assert (knob.options[0], knob.options[-1], len(knob.options)) == ("0.1", "3", 59)
    knob.set_value(1.55).run()
    wanted = SMALL.replace(recurrent_gain=1.55)
    assert stage_of(page).config == wanted
    assert workers.all("open") == [(SMALL, CloseUpRequest()), (wanted, CloseUpRequest())]
    assert workers.all("close") == [("run 0",)]
    assert workers.all("step") == [("run 0", 1), ("run 1", 1)]
    assert page.query_params["recurrent_gain"] == "1.55"
    page.button("undo").click().run()
    assert stage_of(page).config == SMALL
    assert page.select_slider("vanishing_gain").value == 1.0


def test_the_pictures_stay_until_the_next_network_was_measured(workers: Told) -> None:
    page = small()
    sent = stage_of(page).sent
    workers.slow = True
    page.select_slider("vanishing_gain").set_value(2.0).run()
    assert stage_of(page).sent == sent
    assert "The first step is being trained" in words_of(page)
    workers.views["run 1"].history = looked(stage_of(page).config)
    page.run()
    assert stage_of(page).sent != sent
    assert "of itself" in words_of(page)


@pytest.mark.parametrize("gain", [0.0, 0.123, 1.15, 10.0])
def test_the_knob_has_a_place_for_any_gain_of_a_link(gain: float) -> None:
    page = small(recurrent_gain=str(gain))
    assert page.select_slider("vanishing_gain").value == gain
    assert stage_of(page).config.recurrent_gain == gain


def test_of_pytorchs_default_there_is_no_gain_to_turn() -> None:
    page = small()
    page.selectbox("setting_recurrent_init").set_value("default").run()
    assert page.select_slider("vanishing_gain").disabled
    assert "not of the cell's own start" in page.select_slider("vanishing_gain").label
    page.selectbox("setting_recurrent_init").set_value("normal").run()
    assert not page.select_slider("vanishing_gain").disabled


def test_cell_and_nonlinearity_are_on_top() -> None:
    page = small()
    page.selectbox("setting_activation").set_value("relu").run()
    assert stage_of(page).config.activation == "relu"
    page.selectbox("setting_cell").set_value("lstm").run()
    assert stage_of(page).config.cell == "lstm"
    assert not [each for each in page.selectbox if each.key == "setting_activation"]
    # Each setting has one widget on the page.
    keys = [each.key for each in (*page.selectbox, *page.number_input, *page.select_slider)]
    assert len(set(keys)) == len(keys)


def test_where_it_looks_changes_without_a_restart(workers: Told) -> None:
    page = small()
    assert page.slider("vanishing_timestep").value == 12
    page.slider("vanishing_timestep").set_value(5).run()
    page.number_input("vanishing_unit").set_value(3).run()
    looks = [CloseUpRequest(timestep=5), CloseUpRequest(timestep=5, unit=3)]
    assert workers.all("look") == [("run 0", each) for each in looks]
    assert len(workers.all("open")) == 1
    assert (page.query_params["timestep"], page.query_params["unit"]) == ("5", "3")
    page.slider("vanishing_timestep").set_value(12).run()
    assert stage_of(page).look == CloseUpRequest(unit=3)
    assert "timestep" not in page.query_params


def test_a_smaller_network_is_looked_at_inside() -> None:
    page = small(timestep="11", unit="4")
    page.number_input("setting_seq_len").set_value(10).run()
    page.number_input("setting_hidden_size").set_value(2).run()
    assert stage_of(page).look == CloseUpRequest(unit=2)
    assert page.slider("vanishing_timestep").value == 10


def test_the_example_is_on_paper_and_can_be_undone(workers: Told) -> None:
    page = small()
    page.slider("vanishing_coupling").set_value(0.0).run()
    page.slider("vanishing_radius").set_value(0.75).run()
    stage = stage_of(page)
    assert stage.extra == Example(coupling=0.0, radius=0.75)
    assert len(workers.all("open")) == 1
    assert (page.query_params["coupling"], page.query_params["radius"]) == ("0.0", "0.75")
    drawn = stage.lesson.pictures(stage)["powers"]({}, None, theme="light")
    assert drawn.data[0].y[2] == pytest.approx(2 * -0.1249387)  # 2 log10 0.75: it is normal
    page.button("defaults").click().run()
    assert (stage.config, stage.extra) == (VANISHING.default, Example())
    page.button("undo").click().run()
    assert (stage.config, stage.extra) == (SMALL, Example(coupling=0.0, radius=0.75))


def test_what_a_fragment_brings_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    page = small()
    with monkeypatch.context() as during:
        during.setattr("gradviz.ui.widgets.in_fragment", lambda: True)
        page.select_slider("vanishing_gain").set_value(2.0).run()
        during.setattr("gradviz.ui.controls.in_fragment", lambda: True)
        page.selectbox("setting_cell").set_value("gru").run()
        page.number_input("vanishing_unit").set_value(3).run()
        page.slider("vanishing_timestep").set_value(3).run()
        page.slider("vanishing_coupling").set_value(3.0).run()
    stage = stage_of(page)
    assert (stage.config, stage.look, stage.extra) == (SMALL, CloseUpRequest(), Example())
    page.select_slider("vanishing_gain").set_value(2.0).run()
    assert stage.config == SMALL.replace(recurrent_gain=2.0)


@pytest.mark.parametrize(
    "query",
    [
        {"task": "adding", "recurrent_init": "orthogonal", "recurrent_gain": "0.5"},
        {"task": "recall", "cell": "lstm", "forget_bias": "5.0", "timestep": "7", "unit": "2"},
        {"task": "adding", "coupling": "3.5", "radius": "1.05"},
    ],
)
def test_a_link_asks_for_all_that_is_set_and_is_left_as_it_came(query: dict[str, str]) -> None:
    page = opened(**query)
    assert dict(page.query_params) == query
    assert stage_of(page).problems == []


def test_of_a_link_with_the_pages_own_words_alone_the_settings_are_the_pages() -> None:
    page = opened(coupling="2.5")
    assert stage_of(page).config == VANISHING.default
    assert stage_of(page).extra == Example(coupling=2.5)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"timestep": "13"}, "timestep must be a whole number, 1…12, got “13”."),
        ({"unit": "0"}, "unit must be a whole number, 1…4, got “0”. The default is used."),
        ({"coupling": "nan"}, "coupling must be a number, 0…20, got “nan”."),
        ({"radius": "9" * 500}, "(500 characters). The default is used."),
        ({"radius": ["1", "0.9"]}, "radius must be given once, got 2 values"),
        ({"recurrent_gain": "-1"}, "recurrent_gain must be a number, 0…10, got “-1”."),
        ({"<script>": "1"}, "There is no setting named “<script>”; it was ignored."),
    ],
)
def test_a_wrong_link_is_answered_in_a_sentence_and_loses_nothing_else(
    query: dict[str, Any], said: str
) -> None:
    page = small(**query)
    warnings = [each.value for each in page.warning]
    assert any(said in each.replace("\\", "") for each in warnings)
    assert not any("<script>" in each for each in warnings)
    stage = stage_of(page)
    assert (stage.config, stage.look, stage.extra) == (SMALL, CloseUpRequest(), Example())
    assert dict(page.query_params) == SMALL.to_query() | {"task": "adding"}


@pytest.mark.parametrize(
    "name", [name for name, each in SCENARIOS.items() if each.page == "vanishing"]
)
def test_every_scenario_can_be_picked_and_linked(name: str) -> None:
    scenario = SCENARIOS[name]
    stage = Stage(key="card", lesson=VANISHING, config=VANISHING.default)
    VANISHING.take_scenario(stage, scenario)
    page = opened(**link_query(stage))
    assert page.selectbox("scenario").value == name
    assert scenario.text in page.markdown[0].value
    assert stage_of(page).config == scenario.config
    assert page.header[0].value == VANISHING.title


def test_a_run_that_failed_says_why_and_before_that_what_was_measured() -> None:
    history = looked(SMALL, *(looked(SMALL).frames[0].closeup,) * 2)  # type: ignore[arg-type]
    history.failure = Failure(step=2, tensor="loss", kind="nan")
    failed = VANISHING.read({"": [history]}, None)
    assert (failed.level, failed.sentences[0][:32]) == ("error", "At step 2 the loss became NaN; t")
    assert VANISHING.read({"": [history]}, 1).sentences[0].startswith("Over 11 timesteps")


def test_a_lecture_may_choose_among_the_pages_pictures() -> None:
    stage = Stage(key="vanishing", lesson=VANISHING, config=VANISHING.default)
    assert tuple(VANISHING.pictures(stage)) == PICTURES["vanishing"]
