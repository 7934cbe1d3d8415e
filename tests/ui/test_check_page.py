"""The Self-check page without a browser, its checks said by a stand-in process."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gradviz.runner import CheckProgress, check_process
from gradviz.ui import self_check
from gradviz.ui import session as ui_session
from gradviz.ui.lessons import LESSONS
from gradviz.ui.session import Session

ROOT = Path(__file__).parents[2]


def row(name: str, verdict: str = "ok", measured: str = "5") -> dict[str, object]:
    return {
        "name": name,
        "title": "Norm of (3, 4) in [x](y).",
        "source": "√(3² + 4²)",
        "expected": "5 exactly",
        "measured": measured,
        "verdict": verdict,
        "seconds": 0.1,
    }


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("session", "layout"):
        monkeypatch.setattr(f"gradviz.ui.{module}.runner", lambda: None)


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set what the process says, of how many checks, and what it does then."""

    def use(*rows: dict[str, object], of: tuple[str, ...], then: str = "") -> None:
        lines = [{"machine": {"torch": "9.9"}, "checks": of}, *rows]
        code = [f"print({json.dumps(line)!r}, flush=True)" for line in lines]
        command = (sys.executable, "-c", "\n".join([*code, then]))
        monkeypatch.setattr(check_process, "COMMAND", command)

    return use


def page() -> AppTest:
    shown = AppTest.from_file(str(ROOT / "app.py"), default_timeout=20)
    return shown.switch_page("pages/self_check.py").run()


def progress(shown: AppTest) -> CheckProgress:
    state = shown.session_state[ui_session._KEY]
    assert isinstance(state, Session)
    assert state.checking is not None
    return state.checking.progress()


def until(shown: AppTest, true: Callable[[CheckProgress], bool]) -> AppTest:
    deadline = time.monotonic() + 20
    while not true(progress(shown)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return shown.run()


def cells(shown: AppTest) -> list[list[str]]:
    return [list(map(str, each)) for each in shown.table[0].value.to_numpy().tolist()]


def test_the_page_waits_to_be_asked() -> None:
    shown = page()
    assert not shown.exception
    assert shown.header[0].value == "Self-check"
    assert not shown.button("check_run").disabled
    assert shown.button("check_cancel").disabled
    assert not shown.table
    beside = ["Home", "Lecture", "Runs", "Self-check", "Your data"]
    assert len(shown.get("page_link")) == len(LESSONS) + len(beside)


def test_all_right_is_said_in_words(says: Callable[..., None]) -> None:
    says(row("one"), row("two"), of=("one", "two"))
    shown = page().button("check_run").click().run()
    shown = until(shown, lambda found: found.is_over)
    assert not shown.exception
    assert shown.success[0].value.startswith("All 2 checks are ok on this machine")
    assert not shown.error
    assert shown.caption[-1].value.replace("\\", "") == "torch 9.9"
    assert [each[1:] for each in cells(shown)] == 2 * [[":green-badge[✓ ok]", "5 exactly", "5"]]
    assert "**one** Norm of \\(3, 4\\) in \\[x\\]\\(y\\)\\." in cells(shown)[0][0]
    assert len(shown.get("download_button")) == 2
    assert not shown.button("check_run").disabled


def test_one_wrong_is_named_in_words_and_in_its_row(says: Callable[..., None]) -> None:
    says(row("one"), row("two", "WRONG", "KeyError: *x*"), of=("one", "two"))
    shown = page().button("check_run").click().run()
    shown = until(shown, lambda found: found.is_over)
    assert shown.error[0].value.replace("\\", "") == "1 of 2 checks are WRONG: two."
    assert not shown.success
    assert cells(shown)[1][1:] == [":red-badge[✗ WRONG]", "5 exactly", "KeyError\\: \\*x\\*"]


def test_rows_come_one_by_one_and_cancel_keeps_them(says: Callable[..., None]) -> None:
    says(row("one"), of=("one", "two"), then="import time; time.sleep(60)")
    shown = page().button("check_run").click().run()
    shown = until(shown, lambda found: len(found.rows) == 1)
    assert len(cells(shown)) == 1
    assert shown.get("progress")[0].proto.value == 50
    assert shown.get("progress")[0].proto.text.replace("\\", "") == "check 2 of 2: two"
    assert shown.button("check_run").disabled
    assert not shown.get("download_button")
    began = shown.session_state[ui_session._KEY].checking
    self_check_again(shown)
    assert shown.session_state[ui_session._KEY].checking is began
    shown = shown.button("check_cancel").click().run()
    assert shown.warning[0].value == "Cancelled after 1 of 2 checks."
    assert len(cells(shown)) == 1
    assert not shown.button("check_run").disabled


def self_check_again(shown: AppTest) -> None:
    """A second press of Run that was already on its way."""
    state = shown.session_state[ui_session._KEY]
    before = self_check.session
    try:
        self_check.session = lambda: state  # type: ignore[assignment]
        self_check.start()
    finally:
        self_check.session = before


def test_a_process_that_fails_is_a_sentence(says: Callable[..., None]) -> None:
    says(row("one"), of=("one", "two"), then="raise SystemExit(3)")
    shown = page().button("check_run").click().run()
    shown = until(shown, lambda found: found.is_over)
    assert "ended after 1 of 2, with exit status 3" in shown.error[0].value.replace("\\", "")
    assert not shown.success
    assert not shown.exception


def test_the_checkbox_keeps_what_was_said() -> None:
    shown = page()
    for wanted in (True, False, True):
        shown = shown.checkbox("check_slow").set_value(wanted).run()
        state = shown.session_state[ui_session._KEY]
        assert (state.check_slow, shown.checkbox("check_slow").value) == (wanted, wanted)


def test_files_hold_what_the_table_shows() -> None:
    found = CheckProgress(machine={"torch": "9.9"}, rows=(row("one"), row("two", "WRONG")))
    content = json.loads(self_check.as_json(found))
    assert content["machine"] == {"torch": "9.9"}
    assert content["checks"] == list(found.rows)
    lines = list(csv.DictReader(io.StringIO(self_check.as_csv(found))))
    assert [(each["name"], each["verdict"]) for each in lines] == [("one", "ok"), ("two", "WRONG")]
    assert lines[0]["source"] == "√(3² + 4²)"
