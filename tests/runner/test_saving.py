"""Live runs in the file of runs: as they train, after a kill, after a file that failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gradviz.config import RunConfig
from gradviz.history import FRAME_BYTES, History
from gradviz.runner import Runner, RunView, Saver, Saving
from gradviz.store import Store
from tests.fabricated import frame, row

ROOT = Path(__file__).parents[2]
CONFIG = RunConfig(cell="gru", seq_len=20, hidden_size=8)

SERVER = """
import sys, time
from pathlib import Path
from gradviz.config import RunConfig
from gradviz.runner import Runner, Saver

runner = Runner(workers=1, saver=Saver(Path(sys.argv[1])))
name = runner.open(RunConfig(cell="gru", seq_len=20, hidden_size=8), "me")
runner.play(name)
while not runner.save(name, "killed"):
    time.sleep(0.02)
while True:
    with runner.reading(name) as view:
        print(view.saving.steps, flush=True)
    time.sleep(0.1)
"""


def eventually(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def grown(view: RunView, steps: int) -> None:
    """Append steps up to this one, each measured."""
    for step in range(view.history.last_step + 1, steps + 1):
        view.history.append_scalars([row(step, loss=1 / step)])
        view.history.append_frame(frame(CONFIG, step))


def test_what_is_new_is_written_and_nothing_twice(tmp_path: Path) -> None:
    view, lock = RunView(config=CONFIG, history=History(CONFIG, floor=0.25)), threading.RLock()
    saving = Saving("mine", ("x",))
    with Store(tmp_path / "runs.db") as store:
        for steps in (3, 3, 8):
            grown(view, steps)
            saving.write(store, view, lock)
        # A frame looked at anew, and a run that goes on from an earlier state.
        view.history.append_frame(frame(CONFIG, 8, rate=0.5))
        saving.write(store, view, lock)
        assert store.load(1).frames[-1].layers["l0"].horizon == 2.0
        view.history, view.generation = History(CONFIG), 1
        grown(view, 5)
        saving.write(store, view, lock)
        (info,) = store.runs()
        assert (info.name, info.tags, info.floor, info.steps) == ("mine", ("x",), 0.25, 5)
        found = store.load(1)
    assert found.column("loss").tolist() == [1 / step for step in range(1, 6)]
    assert [each.step for each in found.frames] == [1, 2, 3, 4, 5]


def test_the_file_holds_no_more_frames_than_the_history(tmp_path: Path) -> None:
    history = History(CONFIG, frame_bytes=FRAME_BYTES // 2000)
    view, saving = RunView(config=CONFIG, history=history), Saving("long")
    with Store(tmp_path / "runs.db") as store:
        for steps in range(5, 100, 5):
            grown(view, steps)
            saving.write(store, view, threading.RLock())
        found = store.load(1)
    kept = [each.step for each in history.frames]
    assert len(kept) < 60
    assert [each.step for each in found.frames] == kept
    assert found.column("step").tolist() == list(range(1, 96))


def test_a_file_that_fails_is_said_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradviz.runner.saving.RETRY_S", 0.02)
    folder = tmp_path / "folder"
    folder.write_text("in the way")
    saver, saving = Saver(folder / "runs.db"), Saving("patient")
    view = RunView(config=CONFIG, history=History(CONFIG))
    grown(view, 4)
    saver.add(saving, view, threading.RLock())
    eventually(lambda: "could not be made" in saving.problem)
    grown(view, 9)
    folder.unlink()
    eventually(lambda: saving.steps == 9)
    assert saving.problem == ""
    saver.stop()
    with Store(folder / "runs.db", read_only=True) as store:
        (info,) = store.runs()
        assert info.steps == 9
        assert info.ended is not None


def test_a_run_that_has_not_begun_is_not_saved(runner: Runner) -> None:
    name = runner.open(CONFIG, "me")
    assert not runner.save(name, "too early")
    assert not runner.save("nobody", "unknown")
    runner.close(name)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_killed_servers_run_is_there_up_to_the_last_commit(tmp_path: Path) -> None:
    path = tmp_path / "new" / "runs.db"
    command = [sys.executable, "-c", SERVER, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        written = 0
        while written < 100:
            written = int(server.stdout.readline())
        os.kill(server.pid, signal.SIGKILL)
        server.wait(10)
    with Store(path) as store:
        (info,) = store.runs()
        assert (info.name, info.ended, info.config) == ("killed", None, CONFIG)
        found = store.load(info.run_id)
        assert store.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert found.last_step >= written
    assert found.column("step").tolist() == list(range(1, found.last_step + 1))
    assert found.frames[0].step == 1
