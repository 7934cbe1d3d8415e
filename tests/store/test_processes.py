"""Several processes at one file, and one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gradviz.config import RecordedConfig
from gradviz.store import Store
from tests.fabricated import record

ROOT = Path(__file__).parents[2]

WRITER = """
import sys, time
import numpy as np
from gradviz.config import RecordedConfig
from gradviz.history import LayerRecord
from gradviz.store import Store, store as timing
from tests.fabricated import record

path, name, steps, commit_s = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
timing.COMMIT_S = commit_s
with Store(path) as store:
    run = store.begin(RecordedConfig(model=name), name=name)
    for step in range(1, steps + 1):
        layer = LayerRecord(hidden_grad_norm=np.full((50, 4), float(step)))
        store.append(run, record(step, {"l0": layer}, loss=step / 7))
        time.sleep(0.001)
        if step % 50 == 0:
            store.commit()
            print(step, flush=True)
    store.end(run)
"""


def writer(path: Path, name: str, steps: int, commit_s: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(steps), str(commit_s)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_whole(path: Path, run_id: int, at_least: int) -> int:
    """A run without a gap, as it was written; its steps."""
    with Store(path, read_only=True) as store:
        history = store.load(run_id)
    steps = history.column("step")
    assert steps.tolist() == list(range(1, len(steps) + 1))
    assert history.column("loss").tolist() == [step / 7 for step in steps]
    for frame in history.frames:
        assert (frame.layers["l0"].hidden_grad_log10 == np.float32(np.log10(frame.step))).all()
    # A step and its frame are one transaction.
    assert [frame.step for frame in history.frames] == steps.tolist()
    assert len(steps) >= at_least
    return len(steps)


@pytest.mark.timeout(90)
def test_what_was_committed_outlives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with writer(path, "killed", 10**6, 0.01) as process:
        assert process.stdout is not None
        committed = [int(process.stdout.readline()) for _ in range(6)][-1]
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    assert process.returncode == -signal.SIGKILL
    kept = assert_whole(path, 1, at_least=committed)
    with Store(path) as store:
        (run,) = store.runs()
        assert (run.ended, run.steps) == (None, kept)
        assert store.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert store.begin(store.load(1).config) == 2


@pytest.mark.timeout(120)
def test_two_processes_write_while_a_third_reads(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    seen: set[tuple[int, int]] = set()
    with writer(path, "one", 1000, 0.0) as one, writer(path, "two", 1000, 0.0) as two:
        for each in (one, two):
            assert each.stdout is not None
            assert each.stdout.readline() == "50\n"
        ends = time.monotonic() + 80
        while one.poll() is None or two.poll() is None:
            assert time.monotonic() < ends
            seen |= look(path)
            time.sleep(0.02)
        said = [each.communicate()[1] for each in (one, two)]
    assert said == ["", ""]
    assert (one.returncode, two.returncode) == (0, 0)
    assert [assert_whole(path, run, 1000) for run in (1, 2)] == [1000, 1000]
    with Store(path, read_only=True) as store:
        assert {each.name for each in store.runs()} == {"one", "two"}
    for run in (1, 2):
        assert len([steps for at, steps in seen if at == run and 0 < steps < 1000]) >= 2
    Store(path).close()  # The last to close may have been a reader, which cannot tidy up.
    assert sorted(each.name for each in tmp_path.iterdir()) == ["runs.db"]


def test_looking_at_a_file_keeps_the_locks_of_those_who_have_it_open(tmp_path: Path) -> None:
    """A file that a process closes loses the locks of all its connections to that file.

    Then another process, closing it, takes itself for the last and deletes the log.
    """
    path = tmp_path / "runs.db"
    with Store(path) as store:
        run = store.begin(RecordedConfig(model="GRU"))
        Store(path, read_only=True).close()
        Store(path).close()
        with writer(path, "other", 50, 0.0) as process:
            assert process.communicate()[1] == ""
        assert (tmp_path / "runs.db-wal").exists()
        store.append(run, record(1))
        store.end(run)
        assert [each.steps for each in store.runs()] == [1, 50]


def look(path: Path) -> set[tuple[int, int]]:
    """Runs and how many of their steps are there, each read whole."""
    with Store(path, read_only=True) as store:
        return {(each.run_id, assert_whole(path, each.run_id, each.steps)) for each in store.runs()}
