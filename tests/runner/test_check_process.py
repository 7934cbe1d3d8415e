"""The science checks as a process: followed, cancelled, given up, broken."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from gradviz.runner import CheckProcess, CheckProgress, check_process

HEAD = {"machine": {"torch": "9.9"}, "checks": ["one", "two"]}
ROWS = [
    {"name": "one", "verdict": "ok", "seconds": 0.1},
    {"name": "two", "verdict": "WRONG", "seconds": 0.2},
]
HANG = "import time; time.sleep(60)"


def saying(*lines: object, then: str = "") -> tuple[str, ...]:
    """A command that prints these objects and then does something."""
    said = [f"print({json.dumps(line)!r}, flush=True)" for line in lines]
    return (sys.executable, "-c", "\n".join([*said, then]))


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def use(*lines: object, then: str = "") -> None:
        monkeypatch.setattr(check_process, "COMMAND", saying(*lines, then=then))

    return use


def until(process: CheckProcess, true: Callable[[CheckProgress], bool]) -> CheckProgress:
    deadline = time.monotonic() + 30
    while not true(progress := process.progress()):
        assert time.monotonic() < deadline, progress
        time.sleep(0.02)
    return progress


def over(process: CheckProcess) -> CheckProgress:
    return until(process, lambda progress: progress.is_over)


def ended(process: CheckProcess) -> bool:
    assert process._process is not None
    return process._process.wait(10) is not None


def test_lines_are_followed_to_the_end(command: Callable[..., None]) -> None:
    command(HEAD, *ROWS, then="raise SystemExit(1)")  # As where a check is wrong.
    progress = over(CheckProcess())
    assert (progress.status, progress.problem) == ("done", "")
    assert progress.names == ("one", "two")
    assert progress.machine == {"torch": "9.9"}
    assert list(progress.rows) == ROWS
    assert progress.wrong == ["two"]
    assert progress.seconds > 0


def test_rows_are_there_as_they_come_and_cancel_keeps_them(command: Callable[..., None]) -> None:
    command(HEAD, ROWS[0], then=HANG)
    process = CheckProcess()
    until(process, lambda progress: len(progress.rows) == 1)
    assert process.progress().status == "running"
    assert process._process is not None
    assert psutil.Process(process._process.pid).nice() == check_process.NICENESS
    process.cancel()
    progress = over(process)
    assert (progress.status, progress.problem) == ("cancelled", "")
    assert list(progress.rows) == ROWS[:1]
    assert ended(process)
    process.cancel()
    time.sleep(0.3)
    assert process.progress() == progress


@pytest.mark.parametrize(
    ("lines", "then", "words"),
    [
        ((HEAD, ROWS[0]), "raise SystemExit(3)", "ended after 1 of 2, with exit status 3"),
        ((), "raise SystemExit(1)", "ended after 0 of all, with exit status 1"),
        ((HEAD,), "print('no JSON', flush=True); " + HANG, "must say JSON, got 'no JSON"),
    ],
)
def test_an_early_end_is_a_sentence(
    command: Callable[..., None], lines: tuple[object, ...], then: str, words: str
) -> None:
    command(*lines, then=then)
    process = CheckProcess()
    progress = over(process)
    assert progress.status == "failed"
    assert words in progress.problem
    assert progress.problem.endswith(".")
    assert ended(process)


def test_a_program_that_is_not_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_process, "COMMAND", ("/nowhere/python",))
    progress = over(CheckProcess())
    assert progress.status == "failed"
    assert "No such file" in progress.problem


def test_one_that_hangs_is_ended(
    command: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_process, "LIMIT_S", 0.3)
    command(HEAD, then=HANG)
    process = CheckProcess()
    assert over(process).problem == "The checks took more than 0.3 s and were ended."
    assert ended(process)


def test_one_that_nobody_looks_at_is_ended(
    command: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    command(HEAD, then=HANG)
    process = CheckProcess()
    until(process, lambda progress: progress.status == "running")
    monkeypatch.setattr(check_process, "LEASE_S", 0.3)
    assert ended(process)
    assert process.progress().status == "cancelled"


def test_more_than_two_wait_and_can_be_cancelled(command: Callable[..., None]) -> None:
    command(HEAD, then=HANG)
    running = [CheckProcess() for _ in range(2)]
    for each in running:
        until(each, lambda progress: progress.status == "running")
    waiting, given_up = CheckProcess(), CheckProcess()
    time.sleep(0.3)
    assert waiting.progress().status == given_up.progress().status == "waiting"
    given_up.cancel()
    running[0].cancel()
    until(waiting, lambda progress: progress.status == "running")
    for each in (waiting, running[1]):
        each.cancel()
    assert all(ended(each) for each in (waiting, *running))
    assert given_up.progress().status == "cancelled"
    assert given_up._process is None


def test_the_slow_ones_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import json, sys; print(json.dumps({'checks': ['x'], 'machine': {}}));"
    code += "print(json.dumps({'name': ' '.join(sys.argv[1:]), 'verdict': 'ok'}))"
    monkeypatch.setattr(check_process, "COMMAND", (sys.executable, "-c", code))
    assert over(CheckProcess()).rows[0]["name"] == ""
    assert over(CheckProcess(slow=True)).rows[0]["name"] == "--all"


@pytest.mark.slow
def test_the_real_checks_speak_this_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_process, "COMMAND", (*check_process.COMMAND, "clip_pre", "gates"))
    progress = over(CheckProcess())
    assert (progress.status, progress.wrong) == ("done", [])
    assert [row["name"] for row in progress.rows] == list(progress.names)
    assert set(progress.rows[0]) == {
        *("name", "title", "source", "expected", "measured", "verdict", "seconds")
    }
    assert progress.machine["torch"].startswith("2.")
