"""Sweeps: each job once, results that outlive an interruption, files that are none of ours."""

from __future__ import annotations

import math
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gradviz import RunConfig, Trainer
from gradviz.cli import main
from gradviz.config.remedy_list import REMEDIES
from gradviz.history import Outcome
from gradviz.markdown import MarkerError
from gradviz.scenarios import SCENARIOS, on_page
from gradviz.scoreboard import BEGIN, END, board_of, jobs_of, time_ratios, written
from gradviz.sweep import Job, Results, ResultsError, swept, trained
from gradviz.sweep.job import measured_steps

SMALL = RunConfig(seq_len=6, hidden_size=4, batch_size=4, probe_size=2)
JOBS = [Job(SMALL.replace(seed=seed), 3) for seed in range(4)]
MADE_UP = {
    "steps": 3,
    "first_lag": 5,
    "horizon_at_first": 2.0,
    "horizon": "inf",
    "near_one": 0.5,
    "loss": 0.1,
    "floor": 1.0,
    "held_out": None,
    "solved_at": None,
    "failed_at": None,
}


def quick(job: Job) -> dict[str, Any]:
    return MADE_UP | {"loss": job.config.seed / 10}


def test_a_job_is_the_trainer_s_own_run():
    came = Outcome.from_dict(trained(Job(SMALL, 5)))
    trainer = Trainer(SMALL)
    losses = [trainer.train_step("none").loss for _ in range(5)]
    assert came.loss == pytest.approx(sum(losses) / 5, rel=1e-12)
    assert (came.steps, came.first_lag, came.failed_at) == (5, 5, None)
    assert came.horizon_at_first is not None
    assert came.horizon is not None


def test_a_run_that_fails_is_an_outcome():
    config = SMALL.replace(recurrent_init="orthogonal", recurrent_gain=10.0, seq_len=100)
    config = config.replace(activation="relu", optimizer="sgd", learning_rate=1.0, clip="none")
    came = Outcome.from_dict(trained(Job(config, 50)))
    assert came.failed_at is not None
    assert came.steps == came.failed_at < 50
    assert came.loss is None


def test_the_first_and_the_last_step_are_measured():
    assert measured_steps(400) == {1, 2, 4, 8, 16, 32, *range(50, 401, 50)}
    assert measured_steps(1) == {1}


def test_each_once_and_in_any_order(tmp_path: Path):
    told: list[Job] = []
    results = Results(tmp_path / "results.jsonl")
    with ThreadPoolExecutor(2) as executor:
        swept([*JOBS, JOBS[0]], executor, results, told=told.append, train=quick)
    assert sorted(told, key=lambda job: job.config.seed) == JOBS
    assert [results.get(job).loss for job in JOBS] == [0, 0.1, 0.2, 0.3]
    assert len((tmp_path / "results.jsonl").read_text("utf-8").splitlines()) == 4


class _Refuses(Executor):
    """An executor that must not be asked."""

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        raise AssertionError("this job is known")


def test_it_goes_on_where_it_was(tmp_path: Path):
    file = tmp_path / "results.jsonl"
    with ThreadPoolExecutor(1) as executor:
        swept(JOBS, executor, Results(file, "v1"), train=quick)
    text = file.read_text("utf-8")
    file.write_text(text + text.splitlines()[0][:20], "utf-8")  # Killed while it wrote.
    told: list[Job] = []
    again = Results(file, "v1")
    swept(JOBS, _Refuses(), again, told=told.append)
    assert len(told) == len(again) == 4
    assert again.get(JOBS[0]).horizon == math.inf
    assert file.read_text("utf-8") == text
    assert len(Results(file, "v2")) == 0


def test_what_ended_before_an_error_is_kept(tmp_path: Path):
    def train(job: Job) -> dict[str, Any]:
        if job.config.seed == 2:
            raise ValueError("no")
        return quick(job)

    results = Results(tmp_path / "results.jsonl")
    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="no"):
        swept(JOBS, executor, results, train=train)
    assert len(Results(tmp_path / "results.jsonl")) >= 2


@pytest.mark.parametrize("line", ["{}", "[1]", "nothing", '{"job": "x", "made_by": "", "a": 1}'])
def test_a_file_of_another_kind_is_left_alone(tmp_path: Path, line: str):
    file = tmp_path / "thesis.txt"
    file.write_text(line + "\nmore", "utf-8")
    with pytest.raises(ResultsError, match=r"thesis.txt, line 1 must be one of a sweep's results"):
        Results(file)
    assert file.read_text("utf-8") == line + "\nmore"


def filled(scenario: str, names: list[str]) -> Results:
    """Results as if trained: without remedies nothing is learned, with value clipping all is."""
    results = Results()
    for job in jobs_of(SCENARIOS[scenario], names, 3):
        loss = 0.01 if job.config.clip == "value" else 1.0
        solved = 50 if job.config.clip == "value" else None
        values = MADE_UP | {"steps": job.steps, "loss": loss, "solved_at": solved}
        results.add(job, Outcome.from_dict(values))
    return results


def test_a_board_has_the_untreated_and_every_remedy():
    names = ["clip_value", "warm_up", "forget_bias"]
    board = board_of(SCENARIOS["sick_exploding"], names, 3, filled("sick_exploding", names))
    assert [score.verdict for score in board.scores] == [
        "untreated",
        "cures",
        "no difference",
        "refused",
    ]
    assert len(jobs_of(SCENARIOS["sick_exploding"], names, 3)) == 9


def test_the_page_is_written_between_its_markers(tmp_path: Path):
    names = ["clip_value", "forget_bias"]
    scenario = SCENARIOS["sick_exploding"]
    board = board_of(scenario, names, 3, filled(scenario.name, names))
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nformer\n{END}\nafter\n", "utf-8")
    for _ in range(2):
        written(page, [board], 3, "2026-01-02", {"torch": "2.13"})
    text = page.read_text("utf-8")
    assert "former" not in text
    assert text.count("measured on 2026-01-02 with torch 2.13") == 1
    assert "| Clip by value, 0.1 | cures | 1 |" in text
    assert "| Forget bias 2 | – | 0 |" in text
    assert f"### {scenario.title}" in text
    assert "- Forget bias 2: “Forget bias 2” changes nothing of this set-up." in text
    page.write_text("nothing", "utf-8")
    with pytest.raises(MarkerError, match="once each"):
        written(page, [board], 3, "2026-01-02", {})


def test_the_command_lists():
    said = CliRunner().invoke(main, ["remedies", "--list"])
    assert said.exit_code == 0
    for name in (*on_page("remedies"), *REMEDIES):
        assert f"{name}: " in said.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["flu"], "disease must be one of sick_vanishing, "),
        (["--remedy", "prayer"], "remedy must be one of clip_norm, "),
        (["--seeds", "0"], "0 is not in the range 1<=x<=100"),
    ],
)
def test_a_wrong_call(arguments: list[str], sentence: str):
    said = CliRunner().invoke(main, ["remedies", *arguments])
    assert said.exit_code == 2
    assert sentence in said.output


@pytest.mark.slow
def test_the_command_trains_and_goes_on(tmp_path: Path):
    """In worker processes, with the shortest of the diseases."""
    file, page = tmp_path / "results.jsonl", tmp_path / "page.md"
    page.write_text(f"{BEGIN}\n{END}\n", "utf-8")
    call = ["remedies", "sick_infinite", "--remedy", "clip_norm", "--seeds", "1", "--workers", "1"]
    call += ["--results", str(file), "--markdown", str(page)]
    said = CliRunner().invoke(main, call)
    assert said.exit_code == 0, said.output
    assert len(file.read_text("utf-8").splitlines()) == 2
    assert "Clip by norm, 1" in page.read_text("utf-8")
    before = file.read_text("utf-8")
    assert CliRunner().invoke(main, call).exit_code == 0
    assert file.read_text("utf-8") == before


def test_times_are_beside_a_step_without_the_remedy(monkeypatch: pytest.MonkeyPatch):
    """By a clock that goes on by a second a sequence; what cannot be tried is not timed."""
    now = [0.0]

    class Timed:
        def __init__(self, config: RunConfig) -> None:
            self.batch_size = config.batch_size

        def train_step(self, measure: str) -> None:
            now[0] += self.batch_size

    monkeypatch.setattr("gradviz.training.Trainer", Timed)
    monkeypatch.setattr("gradviz.scoreboard.timing.time.thread_time", lambda: now[0])
    found = time_ratios(SCENARIOS["sick_chaotic"], ["large_batch", "adam", "stochastic"])
    assert found == {"128 sequences a step": 4.0, "One sequence a step": 1 / 32}


def test_the_docs_hold_every_remedy_and_disease():
    """Else: `python -m gradviz remedies --markdown docs/remedies.md`."""
    text = (Path(__file__).parents[1] / "docs" / "remedies.md").read_text("utf-8")
    told = text.split(BEGIN)[1].split(END)[0]
    lines = told.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("| Remedy"))
    diseases = [each.title for each in on_page("remedies").values()]
    assert lines[first].split(" | ")[1:-1] == diseases
    rows = lines[first + 2 : lines.index("", first)]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [
        each.label for each in REMEDIES.values()
    ]
    for title in diseases:
        assert f"### {title}" in lines
    assert "; measured on 20" in told
