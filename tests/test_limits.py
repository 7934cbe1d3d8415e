"""The limits of a server: where they are read, what is refused, where they hold."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from gradviz.cli import main
from gradviz.cli.limits import BEGIN, END, in_markdown
from gradviz.config.limits import NAMES, Limits, in_toml, read_limits, span_of, variable
from gradviz.lectures import find, load, names
from gradviz.scenarios import SCENARIOS

ROOT = Path(__file__).parents[1]


def test_the_environment_is_above_the_file_and_the_file_above_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text("steps = 20_000\nstep_seconds = 1\n")
    environment = {"GRADVIZ_LIMITS": str(file), "GRADVIZ_LIMIT_STEPS": "30000"}
    limits, problems = read_limits({**environment, "GRADVIZ_LIMIT_WORKERS": "", "HOME": "/"})
    assert limits == replace(Limits(), steps=30_000, step_seconds=1.0)
    assert not problems


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("steps = 5", "steps must be a whole number, 2,000…1,000,000,000, got 5; 1,000,000 is"),
        ("steps = 2e4\nworkers = 1.5", "workers must be a whole number, 0…256, got 1.5; 0 is used"),
        ("step_seconds = nan", "step_seconds must be a number, 0.5…600, got nan; 2 is used."),
        ("steps = true", "got True; 1,000,000 is used."),
        ("[steps]\nmost = 1", "got {'most': 1}; 1,000,000 is used."),
        (f"steps = 1{'0' * 400}", "(401 characters); 1,000,000 is used."),
        ("step = 5", "There is no limit “step”; there are workers, runs_a_session,"),
        ("steps 5", "$GRADVIZ_LIMITS must name a TOML file, got “"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_has_its_default(
    given: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "limits.toml"
    file.write_text(given)
    limits, (problem,) = read_limits({"GRADVIZ_LIMITS": str(file)})
    assert said in problem
    assert replace(limits, steps=Limits().steps) == Limits()


def test_wrong_words_in_the_environment_name_their_variable() -> None:
    limits, problems = read_limits({"GRADVIZ_LIMIT_STEPS": "10k", "GRADVIZ_LIMITS": "/no/such"})
    assert limits == Limits()
    assert problems == [
        "$GRADVIZ_LIMITS must name a TOML file, got “/no/such”: No such file or directory.",
        "$GRADVIZ_LIMIT_STEPS: steps must be a whole number, 2,000…1,000,000,000, got “10k”; "
        "1,000,000 is used.",
    ]


def test_every_limit_holds_where_it_should() -> None:
    """Each gets a value of its own, and the room that has it is asked."""
    wanted = {
        name: span_of(name)[0] + (0 if name in ("step_seconds", "saving") else 1 + place)
        for place, name in enumerate(NAMES)
    }
    environment = {variable(name): str(value) for name, value in wanted.items()}
    code = (
        "from gradviz.runner import budget, registry\n"
        "from gradviz.config import LIMITS, WORK_BUDGET, WORD_BUDGET\n"
        "from gradviz.uploads import MOST_BYTES, shelf\n"
        "from gradviz.ui import saving\n"
        "registry.WorkerProcess = lambda *heard: None\n"
        "workers = len(registry.Runner()._workers)\n"
        "print(workers, budget.RUNS_AN_OWNER, budget.BYTES_AN_OWNER >> 20, LIMITS.steps,"
        " LIMITS.step_seconds, WORK_BUDGET, WORD_BUDGET, MOST_BYTES >> 20, shelf.MOST_BYTES >> 20,"
        " int(bool(saving.LIMITS.saving)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert not done.stderr
    assert [float(word) for word in done.stdout.split()] == list(wanted.values())


def test_all_that_is_shipped_runs_under_the_least_budgets() -> None:
    configs = [each for scene in SCENARIOS.values() for each in scene.variants.values()]
    configs += [slide.config for name in names() for slide in load(find(name)).slides]
    assert max(config.work for config in configs) <= span_of("work_budget")[0]
    assert max(config.word_work for config in configs) <= span_of("word_budget")[0]


def test_the_file_and_the_page_say_what_the_code_does(tmp_path: Path) -> None:
    shipped = ROOT / "limits.toml"
    assert shipped.read_text("utf-8") == in_toml(Limits()), "python -m gradviz limits --toml"
    assert read_limits({"GRADVIZ_LIMITS": str(shipped)}) == (Limits(), [])
    changed = replace(Limits(), steps=12_345, step_seconds=0.5)
    (tmp_path / "own.toml").write_text(in_toml(changed), "utf-8")
    assert read_limits({"GRADVIZ_LIMITS": str(tmp_path / "own.toml")}) == (changed, [])
    page = (ROOT / "docs/deploy.md").read_text("utf-8")
    inside = page.split(BEGIN)[1].split(END)[0].strip().splitlines()
    assert inside == in_markdown(), "python -m gradviz limits --markdown docs/deploy.md"


def test_the_command_shows_what_holds_and_fails_at_a_slip() -> None:
    shown = CliRunner().invoke(main, ["limits"])
    assert shown.exit_code == 0
    assert "runs_a_session" in shown.output
    assert "20…1,000" in shown.output
    done = subprocess.run(
        [sys.executable, "-m", "gradviz", "limits", "--toml"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "GRADVIZ_LIMIT_STEPS": "0"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "$GRADVIZ_LIMIT_STEPS: steps must be a whole number" in done.stderr
    assert "steps = 1_000_000" in done.stdout
