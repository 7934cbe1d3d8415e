"""`python -m gradviz run` and `runs`: what they say, keep and answer with."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gradviz import RunConfig, Trainer
from gradviz.cli import main
from gradviz.store import Store, edits
from tests.fabricated import row

ROOT = Path(__file__).parents[1]
SMALL = "seq_len=5&hidden_size=4&batch_size=2"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A file of one run, and what was said while it was made."""
    file = tmp_path_factory.mktemp("saved") / "runs.db"
    settings = (
        "--config",
        f"http://127.0.0.1:8501/live_training?{SMALL}&recorded=1&hide=title",
        "--seed",
        7,
    )
    return file, call("run", *settings, "--steps", 12, "--every", 5, "--file", file, "--json")


def test_a_run_is_said_and_saved_step_by_step(saved: tuple[Path, Result]) -> None:
    file, result = saved
    assert result.exit_code == 0, result.output
    *steps, end = map(json.loads, result.stdout.splitlines())
    trainer = Trainer(RunConfig(seq_len=5, hidden_size=4, batch_size=2, seed=7))
    losses = [trainer.train_step("none").loss for _ in range(12)]
    assert [each["loss"] for each in steps] == losses
    assert [each["step"] for each in steps] == list(range(1, 13))
    assert end["config"] == trainer.config.to_dict()
    assert (end["steps"], end["saved_as"], end["failure"]) == (12, 1, None)
    with Store(file, read_only=True) as store:
        (info,) = store.runs()
        history = store.load(1)
    assert info.ended is not None
    assert info.name == "RNN, Adding problem"
    assert history.column("loss").tolist() == losses
    assert [frame.step for frame in history.frames] == [1, 5, 10, 12]
    assert (history.config, history.floor) == (trainer.config, trainer.floor)


def test_a_scenario_says_what_is_seen_and_the_app_shows_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "made" / "runs.db"
    monkeypatch.setenv("GRADVIZ_RUNS", str(file))
    result = call("run", "vanishing", "--steps", 2)
    assert result.exit_code == 0, result.output
    first, second, *_, last = result.output.strip().splitlines()
    assert last == f"  Saved as run 1 of {file}."
    assert "vanishing" in call("runs", "list").output
    assert first.startswith("vanishing: 2 steps, loss ")
    assert first.endswith(" (learned nothing: 0.1667).")
    assert second.startswith("  Gradients reach ")


def test_a_number_that_is_not_finite_is_1_and_kept(tmp_path: Path) -> None:
    file, settings = tmp_path / "runs.db", tmp_path / "explodes.json"
    wild = {"clip": "none", "optimizer": "sgd", "learning_rate": 100.0, "activation": "relu"}
    settings.write_text(json.dumps({"seq_len": 20, "hidden_size": 8, "recurrent_gain": 3, **wild}))
    result = call("run", "--config", settings, "--steps", 100, "--file", file)
    assert result.exit_code == 1, result.output
    assert "Saved as run 1" in result.output
    with Store(file, read_only=True) as store:
        (info,) = store.runs()
    assert info.failure
    assert info.steps < 100


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "Name a SCENARIO or give --config"),
        (("vanishing", "--config", SMALL), 2, "Name a SCENARIO or give --config"),
        (("nonsense",), 2, "SCENARIO must be one of vanishing"),
        (("--config", "cell=elephant"), 2, "cell must be one of"),
        (("--config", "colour=red"), 2, "There is no setting named “colour”"),
        (("--config", SMALL, "--seed", "-1"), 2, "seed must be a whole number"),
        (("--config", SMALL, "--steps", "0"), 2, "--steps"),
        (("--config", "none.json"), 3, "none.json must be a JSON file that can be read"),
        (("--config", SMALL, "--file", "/no/such/folder/runs.db"), 3, "The folder of"),
        (("--config", SMALL, "--file", "runs.db", "--no-save"), 2, "not both"),
        (("--config", "task=series&data=0123456789abcdef"), 3, "0123456789abcdef"),
    ],
)
def test_a_wrong_call_is_2_and_a_file_in_the_way_3(
    arguments: tuple[str, ...],
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("GRADVIZ_DATA", str(tmp_path))
    result = call("run", *arguments)
    assert result.exit_code == status, result.output
    assert said in " ".join(result.output.replace("│", " ").split())


def test_a_run_that_is_not_to_be_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRADVIZ_RUNS", str(tmp_path / "runs.db"))
    result = call("run", "--config", SMALL, "--steps", 2, "--no-save")
    assert result.exit_code == 0, result.output
    assert "Saved" not in result.output
    assert not list(tmp_path.iterdir())


def test_a_folder_of_the_app_that_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRADVIZ_RUNS", str(tmp_path / "file" / "in" / "runs.db"))
    result = call("run", "--config", SMALL, "--steps", 2)
    assert result.exit_code == 3
    assert "could not be made" in " ".join(result.output.split())


def test_settings_in_a_file_that_are_none(tmp_path: Path) -> None:
    for text, said in {"[1]": "got list", "{": "must be a JSON file", '{"a": 1}': "“a”"}.items():
        (tmp_path / "a.json").write_text(text)
        result = call("run", "--config", tmp_path / "a.json")
        assert result.exit_code == 2
        assert said in " ".join(result.output.replace("│", " ").split())


@pytest.mark.slow
def test_ctrl_c_leaves_a_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "runs.db"
    options = ["--steps", "1000000", "--file", str(file), "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "gradviz", "run", "--config", SMALL, *options],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        for _ in range(5):
            assert json.loads(process.stdout.readline())["step"]
        process.send_signal(signal.SIGINT)
        *_, end = process.stdout.read().splitlines()
        assert process.wait(60) == 130
    told = json.loads(end)
    assert told["saved_as"] == 1
    with Store(file, read_only=True) as store:
        (info,) = store.runs()
        assert store.load(1).last_step == told["steps"]
    assert info.ended is not None


def test_the_list_shows_the_runs(saved: tuple[Path, Result]) -> None:
    file, _ = saved
    assert "1 run in" in call("runs", "list", "--file", file).output
    (line,) = call("runs", "list", "--file", file, "--json").output.splitlines()
    told = json.loads(line)
    assert (told["run"], told["steps"], told["layers"]) == (1, 12, ["l0"])
    assert told["config"]["hidden_size"] == 4


def test_exports_hold_what_was_recorded(saved: tuple[Path, Result], tmp_path: Path) -> None:
    file, _ = saved
    with Store(file, read_only=True) as store:
        history = store.load(1)
    targets = [tmp_path / f"one{suffix}" for suffix in (".csv", ".npz", ".db")]
    for target in targets:
        result = call("runs", "export", 1, "--file", file, "--to", target)
        assert result.exit_code == 0, result.output
        assert str(target) in result.output
    with targets[0].open() as rows:
        read = list(csv.DictReader(rows))
    assert [float(row["loss"]) for row in read] == history.column("loss").tolist()
    assert read[-1]["step"] == "12"
    with np.load(targets[1]) as arrays:
        assert np.array_equal(arrays["loss"], history.column("loss"))
        at = arrays["l0.hidden_grad_log10.step"].tolist().index(10)
        measured = arrays["l0.hidden_grad_log10"][at]
    assert np.array_equal(measured, history.frame_at(10).layers["l0"].hidden_grad_log10)  # type: ignore[union-attr]
    beside = json.loads((tmp_path / "one.json").read_text())
    assert RunConfig.from_dict(beside["RunConfig"]) == history.config
    with Store(targets[2], read_only=True) as copy:
        assert np.array_equal(copy.load(1).column("loss"), history.column("loss"))
    again = call("runs", "export", 1, "--file", file, "--to", targets[0])
    assert (again.exit_code, "must be a new file" in again.output) == (3, True)


def test_a_deleted_run_comes_back_until_it_is_gone_for_good(tmp_path: Path) -> None:
    file = tmp_path / "runs.db"
    with Store(file) as store:
        for name in ("one", "two"):
            store.end(store.begin(RunConfig(), name=name))

    def names() -> list[str]:
        lines = call("runs", "list", "--file", file, "--json").output.splitlines()
        return [json.loads(line)["name"] for line in lines]

    asked = CliRunner().invoke(main, ["runs", "delete", "1", "--file", str(file)], input="n\n")
    assert "Delete 1 (one) of" in asked.output
    assert names() == ["one", "two"]
    assert call("runs", "delete", 1, "--file", file, "--yes").exit_code == 0
    assert names() == ["two"]
    assert call("runs", "delete", 1, "--file", file, "--undo").output == "Restored 1 (one).\n"
    assert names() == ["one", "two"]
    assert call("runs", "delete", 1, "--file", file, "--yes", "--for-good").exit_code == 0
    back = call("runs", "delete", 1, "--file", file, "--undo")
    assert back.exit_code == 3
    assert "RUN must be one of 2 in" in back.output


def test_a_file_is_made_smaller(tmp_path: Path) -> None:
    file = tmp_path / "runs.db"
    with Store(file) as store:
        run = store.begin(RunConfig())
        store.write(run, [row(step) for step in range(1, 5001)])
        edits.delete(store, [run])
    before = file.stat().st_size
    assert "0 kB less." in call("runs", "compact", "--file", file).output
    with Store(file) as store, store.writing() as connection:
        connection.execute("UPDATE run SET deleted = deleted - 86401")
    told = call("runs", "compact", "--file", file).output
    assert "1 deleted run is gone for good." in told
    assert file.stat().st_size < before / 3


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("list",), 3, "There is no file"),
        (("export", "1", "--to", "a.xyz"), 2, "--to must end with one of .csv, .npz, .db"),
        (("export", "1", "2", "--to", "a.csv"), 2, ".csv takes one RUN, got 2"),
        (("export", "1", "--to", "a.csv"), 3, "There is no file"),
        (("delete", "1", "--yes"), 3, "There is no file"),
        (("compact",), 3, "There is no file"),
        (("delete", "1", "--undo", "--for-good"), 2, "contradict"),
    ],
)
def test_runs_that_are_not_there(
    arguments: tuple[str, ...],
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("GRADVIZ_RUNS", str(tmp_path / "runs.db"))
    monkeypatch.chdir(tmp_path)
    result = call("runs", *arguments)
    assert result.exit_code == status, result.output
    assert said in result.output
    assert not list(tmp_path.iterdir())
