"""The cliff page's logic, without a browser: clicks, links, undo, words."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gradviz.lectures.pages import PICTURES
from gradviz.theory import cliff as theory
from gradviz.ui import session as ui_session
from gradviz.ui.cliff import AT_THE_WALL, INTO_THE_WALL, NUMBERS, descents
from gradviz.ui.lessons import CLIFF
from gradviz.ui.stage import Stage

ROOT = Path(__file__).parents[2]


class NoWorkers:
    """Any order to a worker is a fault: this page trains nothing."""

    def owners_training(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("session", "layout", "stage_runs", "live_changes", "show"):
        monkeypatch.setattr(f"gradviz.ui.{module}.runner", NoWorkers)


def opened(**query: str | list[str]) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    page.switch_page("pages/cliff.py")
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def stage_of(page: AppTest) -> Stage:
    found: Stage = page.session_state[ui_session._KEY].stages["cliff"]
    return found


def words_of(page: AppTest) -> str:
    return " ".join(each.value for each in (*page.info, *page.warning, *page.error, *page.success))


def test_it_opens_with_a_descent_that_hits_the_wall_and_one_that_comes_down() -> None:
    page = opened()
    free, clipped = descents(stage_of(page).extra)
    assert (free.ended, clipped.ended) == ("left", "steps")
    assert free.step_lengths[:-1].max() < 0.1 < 50 < free.step_lengths[-1]
    assert clipped.errors[-1] < 1e-3 < 0.05 < clipped.errors[0]
    said = words_of(page).replace("\\", "")
    assert "Not clipped: at the wall the gradient is 963 and the step 96.3 long" in said
    assert "after 300 steps the error is 1.2e-4" in said


def test_at_the_wall_is_where_it_is_steepest() -> None:
    assert AT_THE_WALL.b == pytest.approx(theory.steepest(AT_THE_WALL.w), abs=1e-6)
    free, clipped = descents(AT_THE_WALL)
    assert free.step_lengths[0] == pytest.approx(67.7, abs=0.1)
    assert clipped.step_lengths[0] == pytest.approx(0.01)


def test_the_two_starts_are_buttons_that_can_be_undone() -> None:
    page = opened()
    assert page.button("cliff_Into the wall").disabled
    page.button("cliff_At the wall").click().run()
    assert stage_of(page).extra == AT_THE_WALL
    assert page.number_input("cliff_b").value == AT_THE_WALL.b
    assert page.select_slider("cliff_learning_rate").value == 0.01
    page.button("undo").click().run()
    assert stage_of(page).extra == INTO_THE_WALL
    page.button("cliff_At the wall").click().run()
    page.button("defaults").click().run()
    assert stage_of(page).extra == INTO_THE_WALL
    assert dict(page.query_params) == {}


def test_every_number_changes_the_descents_and_the_link() -> None:
    page = opened()
    page.number_input("cliff_w").set_value(4.7).run()
    page.number_input("cliff_b").set_value(-2.0).run()
    page.select_slider("cliff_learning_rate").set_value(0.02).run()
    page.select_slider("cliff_clip_threshold").set_value(0.5).run()
    page.number_input("cliff_steps").set_value(50).run()
    wanted = replace(INTO_THE_WALL, w=4.7, b=-2.0, learning_rate=0.02, clip_threshold=0.5, steps=50)
    assert stage_of(page).extra == wanted
    assert dict(page.query_params) == {name: str(each) for name, each in asdict(wanted).items()}
    again = opened(**page.query_params)
    assert stage_of(again).extra == wanted
    for _ in range(5):
        page.button("undo").click().run()
    assert stage_of(page).extra == INTO_THE_WALL


def test_a_slider_has_a_place_for_any_value_of_a_link() -> None:
    page = opened(learning_rate="0.0123", clip_threshold="99.5")
    assert page.select_slider("cliff_learning_rate").value == 0.0123
    assert page.select_slider("cliff_clip_threshold").value == 99.5
    assert dict(page.query_params) == {"learning_rate": "0.0123", "clip_threshold": "99.5"}
    places = [float(each) for each in opened().select_slider("cliff_learning_rate").options]
    assert (places[0], places[-1], len(places)) == (1e-4, 1.0, 13)


def test_a_fragment_takes_nothing_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened()
    with monkeypatch.context() as during:
        during.setattr("gradviz.ui.widgets.in_fragment", lambda: True)
        during.setattr("gradviz.ui.cliff.in_fragment", lambda: True)
        page.number_input("cliff_w").set_value(4.7).run()
        page.button("cliff_At the wall").click().run()
    assert (stage_of(page).extra, stage_of(page).undo) == (INTO_THE_WALL, [])
    assert page.number_input("cliff_w").value == INTO_THE_WALL.w


def test_a_click_in_the_contour_is_the_start() -> None:
    stage = Stage(key="cliff", lesson=CLIFF, config=CLIFF.default)
    assert CLIFF.at_point
    where = {"picture": "contour", "x": 4.5, "y": -2.1, "at_x": 4.50432, "at_y": -2.10098}
    CLIFF.at_point(stage, where)
    assert stage.extra == replace(INTO_THE_WALL, w=4.5043, b=-2.101)
    # On the very edge the pointer may lie a little outside.
    CLIFF.at_point(stage, where | {"at_x": 10**400, "at_y": -9.0})
    assert (stage.extra.w, stage.extra.b) == (theory.W_SPAN[1], theory.B_SPAN[0])
    stage.undo_change()
    stage.undo_change()
    assert stage.extra == INTO_THE_WALL


@pytest.mark.parametrize(
    "value",
    [
        {"picture": "descent", "at_x": 4.5, "at_y": -2.1},
        {"picture": "contour"},
        {"picture": "contour", "at_x": "4.5", "at_y": -2.1},
        {"picture": "contour", "at_x": float("nan"), "at_y": -2.1},
        {"picture": "contour", "at_x": float("inf"), "at_y": -2.1},
        {"picture": "contour", "at_x": None, "at_y": [1]},
    ],
)
def test_a_click_that_is_none_is_ignored(value: dict[str, Any]) -> None:
    stage = Stage(key="cliff", lesson=CLIFF, config=CLIFF.default)
    assert CLIFF.at_point
    CLIFF.at_point(stage, value)
    assert (stage.extra, stage.undo) == (INTO_THE_WALL, [])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"w": "3.9"}, "w must be a number, 4…5.6, got “3.9”. The default is used."),
        ({"w": "nan"}, "w must be a number, 4…5.6, got “nan”. The default is used."),
        ({"b": "inf"}, "b must be a number, -3.2…-1.7, got “inf”. The default is used."),
        ({"steps": "10.5"}, "steps must be a whole number, 1…1000, got “10.5”."),
        ({"steps": "9" * 5000}, "(5000 characters). The default is used."),
        ({"learning_rate": "0"}, "learning_rate must be a number, 0.0001…1, got “0”."),
        ({"b": ["-2", "-3"]}, "b must be given once, got 2 values; the default is used."),
        ({"cell": "lstm"}, "There is no setting named “cell”; it was ignored."),
        ({"<b>x</b>": "1"}, "There is no setting named “<b>x</b>”; it was ignored."),
    ],
)
def test_a_wrong_link_is_answered_in_a_sentence_and_loses_nothing_else(
    query: dict[str, Any], said: str
) -> None:
    page = opened(clip_threshold="2", **query)
    warnings = [each.value for each in page.warning]
    assert any(said in each.replace("\\", "") for each in warnings)
    assert not any("<b>" in each for each in warnings)
    assert stage_of(page).extra == replace(INTO_THE_WALL, clip_threshold=2.0)
    assert dict(page.query_params) == {"clip_threshold": "2.0"}


def test_the_url_has_all_numbers_and_the_lecture_all_pictures() -> None:
    assert set(NUMBERS) == set(asdict(INTO_THE_WALL))
    stage = Stage(key="cliff", lesson=CLIFF, config=CLIFF.default)
    assert tuple(CLIFF.pictures(stage)) == PICTURES["cliff"]
    drawn = CLIFF.pictures(stage)["contour"]({}, None, theme="dark")
    free = next(each for each in drawn.data if each.name == "not clipped")
    assert (free.x[0], free.y[0]) == (5.2, -2.3)
