"""Live runs in real worker processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from gradviz import RunConfig, Trainer
from gradviz.runner import Runner


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
    config = RunConfig(
        seq_len=100,
        hidden_size=64,
        recurrent_init="orthogonal",
        recurrent_gain=1.6,
        optimizer="sgd",
        learning_rate=0.05,
        clip="none",
    )
    name = runner.open(config, "me")
    runner.play(name)
    eventually(lambda: look(runner, name)[0] == "stopped")
    with runner.reading(name) as view:
        assert view is not None
        assert view.history.failure is not None
        assert view.history.failure.step == view.history.last_step > 5
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
