"""What a file takes of the disk: bounded a run, given back when asked for, while others write."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from gradviz.config import RecordedConfig, RunConfig
from gradviz.history import LayerRecord
from gradviz.store import Store, edits, thinning
from gradviz.store.room import compact, room_of
from tests.fabricated import record, row

ROOT = Path(__file__).parents[2]
OWN = RecordedConfig(model="GRU(1, 2)")

WRITER = """
import sys, time
from gradviz.config import RecordedConfig
from gradviz.store import Store
from tests.fabricated import record

with Store(sys.argv[1], timeout_s=2) as store:
    run = store.begin(RecordedConfig(model="GRU"))
    print("begun", flush=True)
    for step in range(1, 301):
        store.append(run, record(step))
        store.commit()
        time.sleep(0.002)
    store.end(run)
"""


def measured(step: int, sequences: int = 4) -> dict[str, LayerRecord]:
    return {"l0": LayerRecord(hidden_grad_norm=np.full((50, sequences), float(step)))}


def filled(store: Store, steps: int, sequences: int = 4) -> int:
    run = store.begin(OWN)
    for step in range(1, steps + 1):
        store.append(run, record(step, measured(step, sequences), loss=step / 7))
    store.end(run)
    return run


def test_a_long_run_keeps_every_second_fourth_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinning, "MAX_SCALARS", 100)
    with Store(tmp_path / "runs.db") as store:
        run = store.begin(OWN)
        for step in range(1, 1001):
            store.append(run, record(step, loss=step / 7))
            if step % 7 == 0:
                store.commit()
        store.commit()
        kept = store.load(run).column("step").astype(int).tolist()
        assert store.runs()[0].steps == 1000
    assert (kept[0], kept[-1]) == (1, 1000)
    assert 25 <= len(kept) <= 107
    gaps = np.diff(kept)
    assert gaps.max() <= 32  # Evenly: no stretch of the run is missing.
    assert set(range(1, 897, 32)) <= set(kept)


def test_what_the_app_writes_is_bounded_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinning, "MAX_SCALARS", 100)
    with Store(tmp_path / "runs.db") as store:
        run = store.begin(RunConfig())
        for step in range(1, 2001, 4):
            store.write(run, [row(step), row(step + 1), row(step + 2), row(step + 3)])
        kept = store.load(run).column("step").astype(int).tolist()
        assert (kept[0], kept[-1]) == (1, 2000)
        assert len(kept) <= 104
        store.write(run, [row(11)], after=10)  # It went on from an earlier state.
        assert store.load(run).last_step == 11


def test_frames_are_thinned_evenly_to_their_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinning, "FRAME_BYTES", 40 * 800)
    with Store(tmp_path / "runs.db") as store:
        run = store.begin(OWN)
        for step in range(1, 1001):
            store.append(run, record(step, measured(step)))
            if step % 30 == 0:
                store.commit()
        store.commit()
        history = store.load(run)
    steps = [frame.step for frame in history.frames]
    assert (steps[0], steps[-1]) == (1, 1000)
    assert 15 <= len(steps) <= 41
    gaps = np.diff(steps[:-1])
    assert gaps.max() <= 2 * gaps.min()
    for frame in history.frames:
        assert (frame.layers["l0"].hidden_grad_log10 == np.float32(np.log10(frame.step))).all()


def test_compacting_gives_back_what_was_deleted(tmp_path: Path) -> None:
    with Store(tmp_path / "runs.db") as store:
        gone, kept = filled(store, 400), filled(store, 50)
        before = [frame.step for frame in store.load(kept).frames]
        edits.delete(store, [gone])
        assert compact(store) < 10_000_000
        large = room_of(store)
        edits.purge(store)
        assert room_of(store).free > 300_000
        assert compact(store) > 300_000
        small = room_of(store)
        assert small.free == 0
        assert small.size < large.size / 3
        assert [frame.step for frame in store.load(kept).frames] == before
        assert store.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_of_an_older_gradviz_is_made_small_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with Store(path) as store:
        gone, kept = filled(store, 200), filled(store, 20)
        edits.delete(store, [gone])
        edits.purge(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        plain.execute("PRAGMA auto_vacuum = NONE")
        plain.execute("VACUUM")
        plain.execute("DELETE FROM measured WHERE step > 2")
    with Store(path) as store:
        assert compact(store) > 0
        assert store.connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert room_of(store).free == 0
        assert store.load(kept).last_step == 20


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_others_write_and_read_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with Store(path) as store, Store(path, read_only=True) as reader:
        gone = filled(store, 1500, 32)
        edits.delete(store, [gone])
        edits.purge(store)
        size = room_of(store).size
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "begun\n"
            while writer.poll() is None:
                compact(store)
                reader.runs()
            said = writer.communicate()[1]
        assert (writer.returncode, said) == (0, "")
        compact(store)
        assert room_of(store).size < size / 5
        assert reader.load(2).column("step").tolist() == list(range(1, 301))
        assert store.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
