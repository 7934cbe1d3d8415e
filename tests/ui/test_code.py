"""“Show me the code” on the pages: the script of what is set, and why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gradviz import RunConfig
from gradviz.script import script
from gradviz.ui.lessons import COMPARE

ROOT = Path(__file__).parents[2]


class _NoRunner:
    def open(self, *args: object, **options: object) -> str:
        return "run"

    def owners_training(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("session", "layout", "stage_runs", "live_changes", "show"):
        monkeypatch.setattr(f"gradviz.ui.{module}.runner", _NoRunner)


def opened(name: str, **query: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=20)
    page.switch_page(f"pages/{name}.py")
    for key, value in query.items():
        page.query_params[key] = value
    page.session_state["code_open"] = True
    return page.run()


def test_it_is_the_script_of_what_is_set() -> None:
    page = opened("live_training", cell="gru", clip="value")
    assert [each.value for each in page.code] == [
        script(RunConfig(cell="gru", clip="value")).rstrip()
    ]
    page.selectbox(key="setting_cell").set_value("mgu").run()
    assert page.code[0].value == script(RunConfig(cell="mgu", clip="value")).rstrip()


def test_shut_it_is_not_written() -> None:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=20)
    page.switch_page("pages/live_training.py")
    assert not page.run().code


def test_of_several_set_ups_one_is_chosen() -> None:
    page = opened("compare")
    choice = page.selectbox(key="code_setup")
    configs = [COMPARE.default, *COMPARE.extra.others]
    assert len(choice.options) == len(configs)
    for place, config in enumerate(configs):
        choice = page.selectbox(key="code_setup")
        choice.select_index(place).run()
        assert page.code[0].value == script(config).rstrip()


def test_where_there_is_none_it_says_why() -> None:
    page = opened("live_training", task="char_lm", data="0123456789abcdef")
    assert not page.code
    assert any("data" in each.value and "script" in each.value for each in page.info)
