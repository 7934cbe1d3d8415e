"""Live runs in real worker processes."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest

from gradviz import RunConfig, Trainer
from gradviz.runner import Runner, worker
from gradviz.scenarios import SCENARIOS


def eventually(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    started = Runner(workers=1)
    yield started
    started.shutdown()


def look(runner: Runner, name: str) -> tuple[str, int]:
    with runner.reading(name) as view:
        assert view is not None
        return view.status, view.history.last_step


CONFIG = RunConfig(cell="gru", seq_len=20, hidden_size=8)


def test_steps_give_the_numbers_of_a_trainer(runner: Runner) -> None:
    name = runner.open(CONFIG, "me")
    runner.step(name, 30)
    eventually(lambda: look(runner, name) == ("paused", 30))
    trainer = Trainer(CONFIG)
    expected = [trainer.train_step("none").loss for _ in range(30)]
    with runner.reading(name) as view:
        assert view is not None
        assert view.history.column("loss").tolist() == expected
        assert view.history.frames[-1].step == 30
        assert view.history.floor == pytest.approx(1 / 6)
    runner.close(name)


def test_pause_and_resume(runner: Runner) -> None:
    name = runner.open(CONFIG, "me")
    runner.play(name)
    eventually(lambda: look(runner, name)[1] > 5)
    runner.pause(name)
    time.sleep(0.3)
    held = look(runner, name)
    time.sleep(0.3)
    assert look(runner, name) == held
    assert held[0] == "paused"
    runner.play(name)
    eventually(lambda: look(runner, name)[1] > held[1])
    runner.close(name)
    with runner.reading(name) as view:
        assert view is None


def test_a_failure_stops_the_run_and_keeps_its_history(runner: Runner) -> None:
    config = SCENARIOS["explosion"].config
    name = runner.open(config, "me")
    runner.play(name)
    eventually(lambda: look(runner, name)[0] == "stopped")
    with runner.reading(name) as view:
        assert view is not None
        assert view.history.failure is not None
        assert view.history.failure.step == view.history.last_step > 5
        assert [frame.step for frame in view.history.frames][:5] == [1, 2, 4, 8, 16]
    runner.close(name)


def test_a_killed_worker_is_replaced_and_its_run_can_go_on(runner: Runner) -> None:
    name = runner.open(CONFIG, "me")
    runner.play(name)
    eventually(lambda: look(runner, name)[1] > 5)
    os.kill(runner._workers[0].process.pid, signal.SIGKILL)
    eventually(lambda: look(runner, name)[0] == "lost", 3)
    runner.resume_lost(name)
    before = look(runner, name)[1]
    runner.play(name)
    eventually(lambda: look(runner, name)[1] > before)
    runner.close(name)


def test_a_run_without_owners_is_freed() -> None:
    present = {"me"}
    runner = Runner(workers=1, is_active=present.__contains__, grace_s=0.4)
    try:
        name = runner.open(CONFIG, "me")
        eventually(lambda: look(runner, name) == ("paused", 0))
        time.sleep(0.8)
        assert name in runner._runs
        present.clear()
        eventually(lambda: name not in runner._runs, 5)
        assert not runner.attach(name, "other")
    finally:
        runner.shutdown()


@pytest.mark.slow
def test_a_worker_that_hangs_is_replaced() -> None:
    runner = Runner(workers=1, silence_s=5)
    try:
        name = runner.open(CONFIG, "me")
        eventually(lambda: look(runner, name) == ("paused", 0))
        hanging = runner._workers[0].process
        os.kill(hanging.pid, signal.SIGSTOP)
        eventually(lambda: look(runner, name)[0] == "lost", 12)
        runner.resume_lost(name)
        runner.step(name, 3)
        eventually(lambda: look(runner, name) == ("paused", 3))
        assert hanging.returncode is not None
    finally:
        runner.shutdown()


def test_quick_orders_add_up_and_the_last_word_counts(runner: Runner) -> None:
    name = runner.open(CONFIG, "me")
    for _ in range(10):
        runner.step(name, 1)
    eventually(lambda: look(runner, name) == ("paused", 10))
    for _ in range(20):
        runner.play(name)
        runner.pause(name)
    runner.play(name)
    time.sleep(0.5)
    assert look(runner, name)[0] == "running"
    runner.pause(name)
    eventually(lambda: look(runner, name)[0] == "paused")
    runner.close(name)


def test_live_changes_take_effect_in_the_run(runner: Runner) -> None:
    name = runner.open(CONFIG, "me")
    runner.step(name, 5)
    eventually(lambda: look(runner, name) == ("paused", 5))
    runner.set_learning_rate(name, 0.5)
    runner.set_clip_threshold(name, 0.25)
    runner.step(name, 5)
    eventually(lambda: look(runner, name) == ("paused", 10))
    with runner.reading(name) as view:
        assert view is not None
        assert view.config.learning_rate == 0.5
        assert view.history.column("learning_rate").tolist() == [3e-3] * 5 + [0.5] * 5
        assert view.history.column("clip_threshold").tolist() == [1.0] * 5 + [0.25] * 5
    runner.close(name)


@pytest.mark.slow
def test_twenty_runs_share_fairly() -> None:
    runner = Runner(workers=1)
    try:
        configs = [CONFIG.replace(seed=seed) for seed in range(20)]
        names = [runner.open(config, f"owner {config.seed}") for config in configs]
        eventually(lambda: all(look(runner, name)[0] == "paused" for name in names))
        for name in names:
            runner.play(name)
        eventually(lambda: min(look(runner, name)[1] for name in names) > 20, 60)
        began = [look(runner, name)[1] for name in names]
        time.sleep(10)
        steps = [look(runner, name)[1] - then for name, then in zip(names, began, strict=True)]
        assert min(steps) >= 0.5 * max(steps) > 0
    finally:
        runner.shutdown()


def test_an_owner_has_at_most_three_runs(runner: Runner) -> None:
    names = [runner.open(CONFIG, "greedy") for _ in range(5)]
    known = [name for name in names if runner.attach(name, "greedy")]
    assert known == names[-3:]
    for name in known:
        runner.close(name)


def test_a_step_that_takes_too_long_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "STEP_LIMIT_S", 0.0)
    ours, its = Pipe()
    thread = threading.Thread(target=serve, args=(its,))
    thread.start()
    ours.send(("open", "run", (CONFIG.replace(record_every=2).to_dict(), None)))
    ours.send(("play", "run", (1, None)))
    said = {}
    while "stopped" not in said:
        assert ours.poll(20)
        kind, _, content = ours.recv()
        said[kind] = content
    ours.close()
    thread.join(10)
    assert not thread.is_alive()
    assert "s; 0 s is the limit. Make the network or the batch smaller." in said["stopped"]
    assert [int(row[0]) for row in said["records"][0]] in ([1], [1, 2])


def serve(connection: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        worker.Worker(connection).serve()
    connection.close()
