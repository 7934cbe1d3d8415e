"""`python -m gradviz check`: the table, the lines, the exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gradviz.checks import CHECKS, Check
from gradviz.checks.expectation import Near
from gradviz.cli import main

ROOT = Path(__file__).parents[1]


def made(name: str, measure: Callable[[], float]) -> Check:
    return Check(
        name=name, title=f"Title of {name}.", source="[paper]", expects=Near(5.0), measure=measure
    )


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a right one, a wrong one and one that fails."""

    def fail() -> float:
        raise ValueError("[t] must be 1…3, got 4.")

    checks = [made("right", lambda: 5.0), made("wrong", lambda: 5.25), made("failing", fail)]
    monkeypatch.setattr("gradviz.checks.chosen", lambda names, slow: checks)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


def test_all_right_is_0() -> None:
    result = call("clip_pre", "gates")
    assert result.exit_code == 0
    assert "10 of 10 ok" in result.output
    assert "torch 2." in result.output
    row = next(line for line in result.output.splitlines() if "clip_pre" in line)
    assert [cell.strip() for cell in row.split("│")[1:-1]] == ["clip_pre", "5 exactly", "5", "ok"]


@pytest.mark.usefixtures("three")
def test_one_wrong_is_1_and_said_in_full() -> None:
    result = call()
    assert result.exit_code == 1
    assert "1 of 3 ok" in result.output
    told = result.output.split("└")[1]
    for words in ("WRONG wrong", "Title of wrong.", "[paper]", "expected 5 exactly", "5.25"):
        assert words in told
    assert "ValueError: [t] must be 1…3, got 4." in told
    assert "Title of right." not in told


@pytest.mark.usefixtures("three")
def test_json_is_an_object_a_line() -> None:
    result = call("--json")
    assert result.exit_code == 1
    head, *outcomes = map(json.loads, result.output.splitlines())
    assert head["checks"] == ["right", "wrong", "failing"]
    assert set(head["machine"]) == {"gradviz", "torch", "python", "platform", "processor"}
    assert [each["verdict"] for each in outcomes] == ["ok", "WRONG", "WRONG"]
    assert outcomes[1].pop("seconds") >= 0
    assert outcomes[1] == {
        "name": "wrong",
        "title": "Title of wrong.",
        "source": "[paper]",
        "expected": "5 exactly",
        "measured": "5.25",
        "verdict": "WRONG",
    }


@pytest.mark.parametrize("arguments", [["nonsense"], ["--nonsense"]])
def test_a_wrong_call_is_2(arguments: list[str]) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert "nonsense" in result.output


def test_help_says_what_it_does() -> None:
    result = call("--help")
    assert result.exit_code == 0
    for words in ("--all", "--json", "--list", "[NAME]...", "Exit status: 0"):
        assert words in result.output


def test_the_list_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradviz.checks.run", None)
    result = call("--list")
    assert result.exit_code == 0
    usual = [check for check in CHECKS if not check.slow]
    assert result.output.splitlines() == [f"{check.name}: {check.title}" for check in usual]


def test_help_does_not_wait_for_torch() -> None:
    code = "import sys, gradviz.cli; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


@pytest.mark.slow
def test_lines_come_one_by_one_and_a_reader_that_leaves_ends_it() -> None:
    command = [sys.executable, "-m", "gradviz", "check", "--json", "gates", "mean_field"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    assert len(json.loads(process.stdout.readline())["checks"]) == 17
    assert json.loads(process.stdout.readline())["name"] == "forget_gate_0"
    process.stdout.close()
    assert process.wait(60) == 1
    assert process.stderr.read() == ""
    process.stderr.close()


def lecture(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["lecture", *arguments])


def test_a_good_lecture_is_counted_and_a_bad_one_told(tmp_path: Path) -> None:
    good = "title: A\nslides:\n  - {title: One, do: Go., look: See.}\n"
    (tmp_path / "good.yaml").write_text(good)
    (tmp_path / "bad.yaml").write_text(good.replace("look", "luck"))
    result = lecture("check", f"{tmp_path}/good.yaml")
    assert result.exit_code == 0
    assert result.output == f"{tmp_path}/good.yaml: 1 slide, 0 quizzes\n"
    result = lecture("check", f"{tmp_path}/bad.yaml", f"{tmp_path}/good.yaml", f"{tmp_path}/none")
    assert result.exit_code == 1
    assert result.stdout == f"{tmp_path}/good.yaml: 1 slide, 0 quizzes\n"
    assert result.stderr.splitlines() == [
        "bad.yaml, line 3, slides[1].look: must be given.",
        "bad.yaml, line 3, slides[1].luck: must be left out: there is no field of this name here.",
        "none: must be a file that can be read: no such file or directory.",
    ]


def test_lectures_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.yaml").write_text("a: [")
    monkeypatch.setenv("GRADVIZ_LECTURES", str(tmp_path))
    result = lecture("list")
    assert result.exit_code == 0
    assert "broken: 1 problem; see lecture check" in result.output.splitlines()
    assert "gradients: How gradients flow through recurrent networks (22 slides)" in result.output


@pytest.mark.parametrize("arguments", [["check"], ["chekc"], ["list", "more"]])
def test_a_wrong_call_of_lecture_is_2(arguments: list[str]) -> None:
    assert lecture(*arguments).exit_code == 2


def test_the_help_of_lecture() -> None:
    for words in ("Check a lecture's file", "docs/lectures.md", "check", "list"):
        assert words in lecture("--help").output
    assert "Exit status: 0 when all files are lectures" in lecture("check", "--help").output
