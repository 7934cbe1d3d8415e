"""“Export” on the pages: what is offered, the link, the caption, and why there is no file."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gradviz.exports import FORMATS, RUN_FORMATS

ROOT = Path(__file__).parents[2]


class _NoRunner:
    def open(self, *args: object, **options: object) -> str:
        return "run"

    def owners_training(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("session", "layout", "stage_runs", "live_changes", "show", "exports"):
        monkeypatch.setattr(f"gradviz.ui.{module}.runner", _NoRunner)


def opened(name: str, **query: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=20)
    page.switch_page(f"pages/{name}.py")
    for key, value in query.items():
        page.query_params[key] = value
    page.session_state["export_open"] = True
    return page.run()


def test_link_and_caption_are_those_of_what_is_set() -> None:
    page = opened("live_training", cell="gru")
    assert not page.exception
    link, latex = (each.value for each in page.code)
    assert link == "/live_training?cell=gru"
    assert "cell=gru" in latex
    page.text_area(key="export_caption").set_value("100 % sure").run()
    assert page.code[1].value.startswith(r"\caption{100 \% sure. task=adding")
    page.selectbox(key="export_kind").set_value("run_npz").run()
    assert not page.exception
    assert not page.code


def test_the_cliff_has_its_own_settings_and_no_run_to_save() -> None:
    page = opened("cliff", w="4")
    assert not page.exception
    kinds = page.selectbox(key="export_kind").options
    assert kinds == [each.label for each in FORMATS.values()]
    more = opened("live_training").selectbox(key="export_kind").options
    assert more == kinds + [each.label for each in RUN_FORMATS.values()]


def test_words_that_leave_no_room_are_said_and_nothing_is_offered() -> None:
    page = opened("live_training")
    page.text_area(key="export_caption").set_value("long " * 90).run()
    page.number_input(key="export_height").set_value(200).run()
    assert ["height must be at least" in each.value for each in page.error] == [True]
    assert not page.code
