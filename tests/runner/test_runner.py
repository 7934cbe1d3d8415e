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
from typing import Any

import numpy as np
import pytest

from gradviz import RunConfig, Trainer
from gradviz.history import FRAME_BYTES, CloseUpRequest, Frame
from gradviz.runner import Runner, hosted_run, worker
from gradviz.scenarios import SCENARIOS


def eventually(true: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


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
    eventually(lambda: look(runner, name)[0] == "paused")
    held = look(runner, name)
    time.sleep(0.3)
    assert look(runner, name) == held
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
        # And more of them, where the cores are so busy that a step outlasts a frame.
        assert {1, 2, 4, 8, 16} <= {frame.step for frame in view.history.frames}
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


def test_a_run_without_owners_is_freed(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    present = {"me"}
    monkeypatch.setattr(runner, "_is_active", present.__contains__)
    monkeypatch.setattr(runner, "_grace_s", 0.4)
    name = runner.open(CONFIG, "me")
    eventually(lambda: look(runner, name) == ("paused", 0))
    time.sleep(1.5)  # The reaper looks every second, or four times in its grace.
    assert name in runner._runs
    present.clear()
    eventually(lambda: name not in runner._runs, 5)
    assert not runner.attach(name, "other")


@pytest.mark.slow
def test_a_worker_that_hangs_is_replaced() -> None:
    runner = Runner(workers=1)
    try:
        name = runner.open(CONFIG, "me")
        eventually(lambda: look(runner, name) == ("paused", 0))
        hanging = runner._workers[0].process
        os.kill(hanging.pid, signal.SIGSTOP)
        # Only now: one that imports its modules on busy cores may be silent for longer.
        patience, runner._silence_s = runner._silence_s, 3.0
        eventually(lambda: look(runner, name)[0] == "lost", 12)
        runner._silence_s = patience
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


def opened(runner: Runner, count: int, frame_bytes: int) -> tuple[list[str], list[str]]:
    """So many runs, and those of them that are still open."""
    names = [runner.open(CONFIG, "greedy", frame_bytes=frame_bytes) for _ in range(count)]
    known = [name for name in names if runner.attach(name, "greedy")]
    for name in known:
        runner.close(name)
    return names, known


@pytest.mark.parametrize(
    ("frame_bytes", "most"), [(FRAME_BYTES, 3), (FRAME_BYTES // 2, 6), (FRAME_BYTES - 1, 3)]
)
def test_an_owners_frames_have_a_bound(runner: Runner, frame_bytes: int, most: int) -> None:
    names, known = opened(runner, most + 2, frame_bytes)
    assert known == names[-most:]


def test_an_owner_has_at_most_forty_runs(runner: Runner) -> None:
    names, known = opened(runner, 42, 1000)
    assert known == names[2:]


def test_a_large_run_takes_the_place_of_small_ones(runner: Runner) -> None:
    small = [runner.open(CONFIG, "greedy", frame_bytes=FRAME_BYTES // 2) for _ in range(6)]
    large = runner.open(CONFIG, "greedy")
    assert [name for name in small if runner.attach(name, "greedy")] == small[2:]
    other = runner.open(CONFIG, "modest")
    assert runner.attach(small[2], "greedy")
    for name in (*small[2:], large, other):
        runner.close(name)


def test_a_run_keeps_to_its_bound(runner: Runner) -> None:
    name = runner.open(CONFIG.replace(record_every=1), "me", frame_bytes=10_000)
    runner.play(name, until=64)
    eventually(lambda: look(runner, name) == ("paused", 64))
    with runner.reading(name) as view:
        assert view is not None
        steps = [frame.step for frame in view.history.frames]
        assert sum(frame.nbytes for frame in view.history.frames) <= 10_000
    assert steps[0] == 1
    assert 2 <= len(steps) < 7
    assert steps[-1] == 64
    runner.close(name)


def test_a_bound_beyond_the_usual_is_refused(runner: Runner) -> None:
    for wrong in (0, FRAME_BYTES + 1):
        with pytest.raises(ValueError, match=rf"frame_bytes must be 1…{FRAME_BYTES}, got {wrong}"):
            runner.open(CONFIG, "me", frame_bytes=wrong)


def test_play_until_a_step(runner: Runner) -> None:
    name = runner.open(CONFIG, "me")
    runner.play(name, until=25)
    eventually(lambda: look(runner, name) == ("paused", 25))
    with runner.reading(name) as view:
        assert view is not None
        assert view.history.frames[-1].step == 25
    runner.play(name, until=10)
    eventually(lambda: look(runner, name) == ("paused", 25))
    runner.play(name, until=30)
    eventually(lambda: look(runner, name) == ("paused", 30))
    runner.play(name)
    eventually(lambda: look(runner, name)[1] > 40)
    runner.close(name)


def closeups(runner: Runner, name: str) -> list[tuple[int, int | None]]:
    """Step and unit of each frame."""
    with runner.reading(name) as view:
        assert view is not None
        frames = view.history.frames
        return [(each.step, each.closeup.unit if each.closeup else None) for each in frames]


def test_a_look_elsewhere_takes_the_newest_frames_place(runner: Runner) -> None:
    name = runner.open(CONFIG, "me", closeup=CloseUpRequest(unit=2))
    runner.play(name, until=8)
    eventually(lambda: look(runner, name) == ("paused", 8))
    before = closeups(runner, name)
    assert before[-1] == (8, 2)
    assert {unit for _, unit in before} == {2}
    runner.look(name, CloseUpRequest(unit=5))
    eventually(lambda: closeups(runner, name) == [*before[:-1], (8, 5)])
    assert look(runner, name) == ("paused", 8)
    runner.play(name, until=16)
    eventually(lambda: look(runner, name) == ("paused", 16))
    assert closeups(runner, name)[len(before) - 1 :][0] == (8, 5)
    assert closeups(runner, name)[-1] == (16, 5)
    trainer = Trainer(CONFIG)
    trainer.closeup = CloseUpRequest(unit=5)
    for _ in range(16):
        expected = trainer.train_step("full").closeup
    with runner.reading(name) as view:
        assert view is not None
        found = view.history.frames[-1].closeup
        assert found is not None
        assert expected is not None
        assert np.array_equal(found.hidden, expected.hidden)
        assert np.array_equal(found.pulse, expected.pulse)
        steps = view.history.column("step").tolist()
    assert steps == [*range(1, 17)]
    runner.close(name)


def test_a_run_without_a_close_up_gets_one_with_its_next_frame(runner: Runner) -> None:
    name = runner.open(CONFIG, "me")
    runner.play(name, until=2)
    eventually(lambda: look(runner, name) == ("paused", 2))
    runner.look(name, CloseUpRequest(unit=3))
    runner.look("unknown", CloseUpRequest())
    runner.step(name, 1)
    eventually(lambda: look(runner, name) == ("paused", 3))
    assert closeups(runner, name) == [(1, None), (2, None), (3, 3)]
    runner.close(name)


def test_owners_take_turns_and_so_do_the_runs_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SLICE_S", 0.0)
    names = {"a1": "a", "a2": "a", "a3": "a", "b1": "b"}
    opening = [
        ("open", name, (CONFIG.to_dict(), None, owner, None, False))
        for name, owner in names.items()
    ]
    playing = [("play", name, (1, 13 if name in "a1 a2 a3" else 39)) for name in names]
    with serving(*opening, *playing) as ours:
        said = list(words(ours, until="paused", times=4))
    turns = [name for kind, name, _ in said if kind == "records"]
    assert {name: turns.count(name) for name in names} == {"a1": 13, "a2": 13, "a3": 13, "b1": 39}
    assert turns == 13 * ["a1", "b1", "a2", "b1", "a3", "b1"]


def test_a_runs_pictures_come_by_its_share_of_the_worker() -> None:
    ours, its = Pipe()
    at_work = worker.Worker(its)
    for name in ("a1", "a2", "a3", "b1"):
        at_work._obey("open", name, (CONFIG.to_dict(), None, name[0], None, False))
        at_work._obey("play", name, (1, 100))
    assert dict(at_work._turns()) == {"a1": 6, "b1": 2}
    at_work._obey("pause", "b1", (2, None))
    at_work._slice("b1", at_work._runs["b1"], 1)
    at_work._slice("a1", at_work._runs["a1"], 1)
    assert dict(at_work._turns()) == {"a2": 3}
    ours.close()
    its.close()


def test_runs_in_line_go_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SLICE_S", 0.0)
    names = {"a1": "a", "a2": "a", "b1": "b"}
    orders = [
        *(("open", n, (CONFIG.to_dict(), None, o, None, o == "a")) for n, o in names.items()),
        *(("play", name, (1, 8 if name == "b1" else 4)) for name in names),
    ]
    with serving(*orders) as ours:
        said = list(words(ours, until="paused", times=3))
    turns = [name for kind, name, _ in said if kind == "records"]
    assert turns == 4 * ["a1", "b1"] + 4 * ["a2", "b1"]


def test_who_waits_in_line_pauses_where_it_is() -> None:
    ours, its = Pipe()
    at_work = worker.Worker(its)
    for name in ("a1", "a2"):
        at_work._obey("open", name, (CONFIG.to_dict(), None, "a", None, True))
        at_work._obey("play", name, (1, None))
    first = at_work._runs["a1"]
    while first.at_rest:
        at_work._slice("a1", first, 1)
    for name in ("a1", "a2"):
        at_work._obey("pause", name, (2, None))
    # One more step, which is measured, of the one that trained; none of the other.
    assert first.until == first.trainer.step + 1
    assert at_work._runs["a2"].until == 0
    ours.close()
    its.close()


def test_a_view_knows_what_an_unmeasured_step_takes(runner: Runner) -> None:
    name = runner.open(CONFIG.replace(record_every=1000), "me")
    with runner.reading(name) as view:
        assert view is not None
        assert view.step_ms is None
    began = time.process_time()
    trainer = Trainer(CONFIG)
    for _ in range(50):
        trainer.train_step("none")
    step_ms = (time.process_time() - began) / 50 * 1e3
    runner.step(name, 50)
    eventually(lambda: look(runner, name) == ("paused", 50))
    with runner.reading(name) as view:
        assert view is not None
        assert view.step_ms is not None
        # Of CPU time, so also on a busy machine; another process' caches are its own.
        assert step_ms / 10 < view.step_ms < step_ms * 10
    runner.close(name)


def test_a_step_that_takes_too_long_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted_run, "STEP_LIMIT_S", 0.0)
    config = CONFIG.replace(record_every=2).to_dict()
    orders = [("open", "run", (config, None, "me", None, False)), ("play", "run", (1, None))]
    with serving(*orders) as ours:
        said = {kind: content for kind, _, content in words(ours, until="stopped")}
    assert "s; 0 s is the limit. Make the network or the batch smaller." in said["stopped"]
    assert [int(row[0]) for row in said["records"][0]] in ([1], [1, 2])


def test_a_run_that_took_as_many_steps_as_one_may_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted_run, "MOST_STEPS", 5)
    config = CONFIG.to_dict()
    orders = [("open", "run", (config, None, "me", None, False)), ("play", "run", (1, None))]
    with serving(*orders) as ours:
        heard = list(words(ours, until="stopped"))
    assert heard[-1][2] == "The run took 5 steps, the most that one may take here."
    told = [content for kind, _, content in heard if kind == "records"]
    assert [row[0] for rows, _, _ in told for row in rows] == [1, 2, 3, 4, 5]
    assert [frame.step for _, frames, _ in told for frame in frames][-1] == 5


@contextlib.contextmanager
def serving(*orders: tuple[str, str, Any]) -> Iterator[Connection]:
    """A worker in a thread of this process, with orders that wait for it."""
    ours, its = Pipe()
    for order in orders:
        ours.send(order)
    thread = threading.Thread(target=serve, args=(its,))
    thread.start()
    try:
        yield ours
    finally:
        ours.close()
        thread.join(10)
    assert not thread.is_alive()


def words(ours: Connection, *, until: str, times: int = 1) -> Iterator[tuple[str, str, Any]]:
    """All that the worker says, to the last of so many words of a kind."""
    while times:
        assert ours.poll(20)
        word = ours.recv()
        yield word
        times -= word[0] == until


def serve(connection: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        worker.Worker(connection).serve()
    connection.close()


LANGUAGE = RunConfig(task="char_lm", cell="gru", seq_len=10, hidden_size=8, batch_size=4)


def frames_of(config: RunConfig, steps: int) -> tuple[list[Frame], list[float]]:
    """What a worker sends of a run, and its losses."""
    opening = ("open", "run", (config.to_dict(), None, "me", None, False))
    orders = [opening, ("play", "run", (1, steps))]
    with serving(*orders) as ours:
        told = [content for kind, _, content in words(ours, until="paused") if kind == "records"]
    return [each for _, frames, _ in told for each in frames], [
        row[1] for rows, _, _ in told for row in rows
    ]


def test_a_language_model_writes_now_and_then_and_at_rest() -> None:
    frames, losses = frames_of(LANGUAGE, 20)
    trainer = Trainer(LANGUAGE)
    assert losses == [trainer.train_step("none").loss for _ in range(20)]
    assert (frames[-1].step, frames[-1].text) == (20, trainer.sample_text())
    assert frames[-1].held_out == trainer.held_out_loss()
    assert frames[0].text
    assert sum(each.text is not None for each in frames) < len(frames)
    numbers, _ = frames_of(CONFIG, 4)
    assert {(each.text, each.held_out) for each in numbers} == {(None, None)}


def test_data_that_are_not_here_are_said_and_the_others_go_on() -> None:
    missing = LANGUAGE.replace(data="0123456789abcdef").to_dict()
    orders = [
        ("open", "lost", (missing, None, "me", None, False)),
        ("open", "run", (CONFIG.to_dict(), None, "me", None, False)),
        ("step", "run", (1, 2)),
    ]
    with serving(*orders) as ours:
        said = {(kind, name): content for kind, name, content in words(ours, until="paused")}
    assert said["stopped", "lost"] == (
        "The run could not be made: The data 0123456789abcdef are not on this machine; upload the "
        "file again."
    )
    assert said["paused", "run"] == 1
