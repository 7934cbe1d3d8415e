"""“Export” on the pages: what is offered, the link, the caption, and why there is no file."""

from __future__ import annotations

from pathlib import Path

import pytest
from fabricated import fabricate
from streamlit.testing.v1 import AppTest

from gradviz import figures
from gradviz.exports import FORMATS, RUN_FORMATS, ExportError
from gradviz.ui import exports
from gradviz.ui.export_source import Drawn, Source, title_of
from gradviz.ui.session import Session

ROOT = Path(__file__).parents[2]


class _NoRunner:
    def open(self, *args: object, **options: object) -> str:
        return "run"

    def owners_training(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("session", "layout", "stage_runs", "live_changes", "show", "export_source"):
        monkeypatch.setattr(f"gradviz.ui.{module}.runner", _NoRunner)


def at(name: str, **query: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=20)
    page.switch_page(f"pages/{name}.py")
    for key, value in query.items():
        page.query_params[key] = value
    return page.run()


def exporting(page: AppTest, key: str) -> AppTest:
    """Each rerun of an AppTest is of the whole page, which shuts the form."""
    page.button(key=f"export_{key}").click()
    page.run()
    assert not page.exception
    return page


def test_link_and_caption_are_those_of_what_is_set() -> None:
    page = exporting(at("live_training", cell="gru"), "live_training")
    link, latex = (each.value for each in page.code)
    assert link == "/live_training?cell=gru"
    assert "cell=gru" in latex
    page.text_area(key="export_caption").set_value("100 % sure")
    exporting(page, "live_training")
    assert page.code[1].value.startswith(r"\caption{100 \% sure. task=adding")
    page.selectbox(key="export_kind").set_value("run_npz")
    exporting(page, "live_training")
    assert not page.code


def test_pictures_are_called_as_on_the_page() -> None:
    page = exporting(at("live_training"), "live_training")
    drawn = [figure(fabricate(), None, theme="light") for figure in figures.LIVE.values()]
    assert page.selectbox(key="export_picture").options == [title_of(each) for each in drawn]
    assert page.selectbox(key="export_picture").options[:2] == ["Loss", "Gradient flow now"]


def test_the_next_picture_is_to_look_like_this_one() -> None:
    page = exporting(at("live_training"), "live_training")
    page.number_input(key="export_width").set_value(640)
    page.selectbox(key="export_kind").set_value("svg")
    exporting(page, "live_training")
    assert not page.run().code  # Shut, and its widgets forgotten.
    exporting(page, "live_training")
    assert page.number_input(key="export_width").value == 640
    assert page.selectbox(key="export_kind").value == "svg"


def test_the_cliff_has_its_own_settings_and_no_run_to_save() -> None:
    page = exporting(at("cliff", w="4"), "cliff")
    kinds = page.selectbox(key="export_kind").options
    assert kinds == [each.label for each in FORMATS.values()]
    more = exporting(at("live_training"), "live_training").selectbox(key="export_kind").options
    assert more == kinds + [each.label for each in RUN_FORMATS.values()]


def test_words_that_leave_no_room_are_said_and_nothing_is_offered() -> None:
    page = exporting(at("live_training"), "live_training")
    page.text_area(key="export_caption").set_value("long " * 90)
    page.number_input(key="export_height").set_value(200)
    exporting(page, "live_training")
    assert ["height must be at least" in each.value for each in page.error] == [True]
    assert not page.code


def test_two_pictures_of_one_title_are_told_apart() -> None:
    figure = figures.loss(fabricate(), None, theme="light")
    drawn = Drawn(figure=figure, settings="", link="")
    source = Source(stem="s", pictures=("one", "other"), draw=lambda name, theme: drawn)
    assert source.titles() == {"one": "Loss (one)", "other": "Loss (other)"}


def test_a_file_that_cannot_be_made_leaves_a_sentence() -> None:
    state = Session(export_problem="before")

    def gone() -> bytes:
        raise ExportError("The browser could not draw the picture: it ended.")

    with pytest.raises(ExportError):
        exports._made(state, gone)
    assert state.export_problem == "The browser could not draw the picture: it ended."
    with pytest.raises(ZeroDivisionError):
        exports._made(state, lambda: bytes(1 // 0))
    assert state.export_problem.startswith("The file could not be made (ZeroDivisionError)")
    assert exports._made(state, lambda: b"file") == b"file"
    assert not state.export_problem
