"""The server's registry of runs, shared out to worker processes. Plain Python, no torch."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

from gradviz.config import LIMITS, RunConfig
from gradviz.history import FRAME_BYTES, SCALARS, CloseUpRequest, History
from gradviz.runner.process import WorkerProcess
from gradviz.runner.saving import Saver, Saving

Status = Literal["starting", "running", "pausing", "paused", "stopped", "lost"]
"""pausing: told to pause, and the step it was in is not over yet."""
RUNS_AN_OWNER = LIMITS.runs_a_session
"""Open runs one session may have, as four set-ups with ten seeds each; the oldest gives way."""
BYTES_AN_OWNER = LIMITS.frames_mb_a_session * 2**20
"""Memory that the frames of all of them may take; the oldest gives way."""
REAP_S = 1.0
SILENCE_S = 60.0
"""A worker that says nothing for so long hangs; one that is well speaks every second.

But a starved one is well too: at nice 10 beside two busy processes on two cores a worker was
silent for 15 s while it imported its modules."""


class QuestionError(RuntimeError):
    """A question that has no answer, in one sentence."""


@dataclass
class RunView:
    """One run as the pages see it; its history must not be used outside `Runner.reading`."""

    config: RunConfig
    history: History
    status: Status = "starting"
    message: str = ""
    generation: int = 0
    steps_per_second: float = 0.0
    step_ms: float | None = None
    """CPU time of a step that is not measured, in milliseconds: the median of the last hundred."""
    saving: Saving | None = None
    """How it is being saved; None where it is not."""


@dataclass
class _Run:
    view: RunView
    owners: dict[str, float]
    worker: WorkerProcess
    frame_bytes: int
    closeup: CloseUpRequest | None
    in_line: bool
    orders: int = 0
    """Play, pause and step commands sent so far; the worker's answers name the one they mean."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    checkpoint: tuple[int, bytes] | None = None
    pace: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=20))


class Runner:
    """Starts, steers and shows runs.

    Args:
        workers: processes; None: as many as LIMITS has, or one a core but one, at least one.
        is_active: whether a session (an owner) is still connected.
        grace_s: a run whose owners have all been gone for so long is stopped and freed.
        silence_s: a worker that has said nothing for so long is ended and replaced.
        saver: writes the runs that are saved; None: into the file of `store.default_path`.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        is_active: Callable[[str], bool] = lambda owner: True,
        grace_s: float = 30.0,
        silence_s: float = SILENCE_S,
        saver: Saver | None = None,
    ) -> None:
        self._saver = saver or Saver()
        self._is_active = is_active
        self._grace_s = grace_s
        self._silence_s = silence_s
        self._runs: dict[str, _Run] = {}
        self._questions: dict[str, tuple[WorkerProcess, Future[Any]]] = {}
        self._lock = threading.RLock()
        self._closing = threading.Event()
        count = workers or LIMITS.workers or max(1, (os.cpu_count() or 2) - 1)
        self._workers = [self._new_worker() for _ in range(count)]
        threading.Thread(target=self._reap, daemon=True).start()

    def _new_worker(self) -> WorkerProcess:
        return WorkerProcess(self._heard, self._ended)

    def open(
        self,
        config: RunConfig,
        owner: str,
        *,
        closeup: CloseUpRequest | None = None,
        frame_bytes: int = FRAME_BYTES,
        in_line: bool = False,
    ) -> str:
        """A new run, paused at step 0; its id.

        The owner's oldest runs are closed where they would be more than RUNS_AN_OWNER, or their
        frames might take more than BYTES_AN_OWNER together. All of an owner's runs in a worker
        take as much of its time as the one of another.

        Args:
            config: what to run.
            owner: a session.
            closeup: what its frames look at unit by unit; None: nothing.
            frame_bytes: memory that its frames may take, at most FRAME_BYTES; older frames are
                thinned out.
            in_line: whether, of the owner's runs in line, it goes on only when those opened before
                it do not: many runs then end one after another, not all at last.

        Raises:
            ValueError: for another frame_bytes.
        """
        if not 0 < frame_bytes <= FRAME_BYTES:
            raise ValueError(f"frame_bytes must be 1…{FRAME_BYTES}, got {frame_bytes}.")
        with self._lock:
            self._make_room(owner, frame_bytes)
            worker = self._least_busy()
            name = secrets.token_urlsafe(12)
            view = RunView(config=config, history=History(config, frame_bytes=frame_bytes))
            owners = {owner: time.monotonic()}
            self._runs[name] = _Run(view, owners, worker, frame_bytes, closeup, in_line)
            worker.send("open", name, (config.to_dict(), None, owner, closeup, in_line))
            return name

    def _make_room(self, owner: str, frame_bytes: int) -> None:
        """Close the owner's oldest runs until one more with so many bytes may be opened."""
        own = [(name, run) for name, run in self._runs.items() if owner in run.owners]
        held = sum(run.frame_bytes for _, run in own)
        while own and (len(own) >= RUNS_AN_OWNER or held + frame_bytes > BYTES_AN_OWNER):
            name, run = own.pop(0)
            held -= run.frame_bytes
            self.close(name)

    def _least_busy(self) -> WorkerProcess:
        load = Counter(id(run.worker) for run in self._runs.values())
        return min(self._workers, key=lambda each: load[id(each)])

    def ask(self, question: str) -> Future[Any]:
        """Have a worker answer one of `questions.QUESTIONS`, by its name.

        The result is plain values; a QuestionError where there is none.
        """
        answer: Future[Any] = Future()
        name = secrets.token_urlsafe(12)
        with self._lock:
            worker = self._least_busy()
            self._questions[name] = worker, answer
            worker.send("ask", name, question)
        return answer

    def play(self, name: str, until: int | None = None) -> None:
        """Train until that many steps have been taken, then pause; None: without end."""
        self._steer(name, "play", until)

    def pause(self, name: str) -> None:
        """Stop training after the present step."""
        self._steer(name, "pause")

    def step(self, name: str, count: int) -> None:
        """Train `count` steps, then pause."""
        self._steer(name, "step", count)

    def _steer(self, name: str, command: str, argument: Any = None) -> None:
        run = self._runs.get(name)
        if run is None or run.view.status in {"stopped", "lost"}:
            return
        with run.lock:
            run.orders += 1
            run.pace.clear()
            run.view.status = "pausing" if command == "pause" else "running"
            run.worker.send(command, name, (run.orders, argument))

    def look(self, name: str, request: CloseUpRequest) -> None:
        """Look at another place, in frames to come; at rest in the newest frame too.

        At rest a run that was opened without a close-up shows one only after its next frame.
        """
        run = self._runs.get(name)
        if run:
            with run.lock:
                run.closeup = request
                run.worker.send("look", name, request)

    def set_learning_rate(self, name: str, value: float) -> None:
        """From the next step on."""
        self._set(name, "learning_rate", value)

    def set_clip_threshold(self, name: str, value: float) -> None:
        """From the next step on."""
        self._set(name, "clip_threshold", value)

    def _set(self, name: str, field_name: str, value: float) -> None:
        run = self._runs.get(name)
        if run:
            with run.lock:
                run.view.config = run.view.config.replace(**{field_name: value})
                run.worker.send(field_name, name, value)

    def attach(self, name: str, owner: str) -> bool:
        """Another session takes part in a run; False when it is not known."""
        run = self._runs.get(name)
        if run:
            run.owners[owner] = time.monotonic()
        return run is not None

    def resume_lost(self, name: str) -> None:
        """Go on from the last good state of a run whose worker died."""
        run = self._runs.get(name)
        if run is None or run.view.status != "lost":
            return
        with self._lock, run.lock:
            run.worker = self._workers[0]
            step, data = run.checkpoint or (0, b"")
            history = History(run.view.config, frame_bytes=run.frame_bytes)
            old, run.view.history = run.view.history, history
            run.view.history.floor = old.floor
            columns = [old.column(each, upto=step) for each in SCALARS]
            run.view.history.append_scalars(zip(*columns, strict=True))
            for frame in old.frames_upto(step):
                run.view.history.append_frame(frame)
            run.view.status, run.view.message = "paused", ""
            run.view.generation += 1
            owner = next(iter(run.owners))
            opened = (run.view.config.to_dict(), data, owner, run.closeup, run.in_line)
            run.worker.send("open", name, opened)

    def save(self, name: str, title: str, tags: tuple[str, ...] = ()) -> bool:
        """Save a run, its steps so far and those to come; a second time nothing happens.

        Args:
            name: of the run.
            title: its name in the list of runs.
            tags: words to find it by.

        Returns:
            Whether it is known and has begun, so that there is something to save.
        """
        run = self._runs.get(name)
        if run is None or not run.view.history.last_step:
            return False
        with run.lock:
            if run.view.saving is None:
                run.view.saving = Saving(title, tags)
                self._saver.add(run.view.saving, run.view, run.lock)
        return True

    def close(self, name: str) -> None:
        """Stop a run and free its memory."""
        with self._lock:
            run = self._runs.pop(name, None)
        if run and run.view.saving:
            run.view.saving.closed_at = time.monotonic()
        if run:
            run.worker.send("close", name)

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[RunView | None]:
        """The run, held still; None when it is not known (any more)."""
        run = self._runs.get(name)
        if run is None:
            yield None
            return
        with run.lock:
            yield run.view

    def owners_training(self) -> int:
        """Sessions of which a run trains now."""
        running = [run for run in list(self._runs.values()) if run.view.status == "running"]
        return len({owner for run in running for owner in list(run.owners)})

    def shutdown(self) -> None:
        """End all workers."""
        self._closing.set()
        self._saver.stop()
        for worker in self._workers:
            worker.end()

    def _answered(self, name: str, value: Any, problem: str) -> None:
        with self._lock:
            _, answer = self._questions.pop(name, (None, None))
        # One that was given up meanwhile takes no answer.
        if answer is None or not answer.set_running_or_notify_cancel():
            return
        if problem:
            answer.set_exception(QuestionError(problem))
        else:
            answer.set_result(value)

    def _heard(self, kind: str, name: str, content: Any) -> None:
        if kind == "answer":
            self._answered(name, *content)
            return
        run = self._runs.get(name)
        if run is None:
            return
        with run.lock:
            view = run.view
            if kind == "opened":
                view.history.floor = content
                if view.status == "starting":
                    view.status = "paused"
            elif kind == "records":
                rows, frames, view.step_ms = content
                view.history.append_scalars(rows)
                for frame in frames:
                    view.history.append_frame(frame)
                if rows:  # Not a frame that is looked at anew.
                    run.pace.append((time.monotonic(), view.history.last_step))
                    (then, first), (now, last) = run.pace[0], run.pace[-1]
                    view.steps_per_second = (last - first) / (now - then) if now > then else 0.0
            elif kind == "paused":
                # One that answers an order overtaken since (Pause, then Resume) says nothing.
                if content == run.orders:
                    view.status = "paused"
            elif kind == "failed":
                view.history.failure, view.status = content, "stopped"
            elif kind == "stopped":
                view.status, view.message = "stopped", content
            elif kind == "checkpoint":
                run.checkpoint = content

    def _ended(self, worker: WorkerProcess) -> None:
        """A worker died: replace it, and say so on its runs and to those who asked."""
        if not self._closing.is_set():
            self._replace(worker)
        # After that, so that nobody asks it any more.
        for name, (asked, _) in list(self._questions.items()):
            if asked is worker:
                problem = "The process that was asked ended before it answered; ask again."
                self._answered(name, None, problem)

    def _replace(self, worker: WorkerProcess) -> None:
        with self._lock:
            self._workers[self._workers.index(worker)] = self._new_worker()
            for run in self._runs.values():
                if run.worker is worker and run.view.status != "stopped":
                    with run.lock:
                        run.view.status = "lost"
                        run.view.message = (
                            "The process that trained this run ended unexpectedly and was replaced."
                        )

    def _reap(self) -> None:
        """Free the runs whose sessions are gone; a reload has the grace time to come back.

        A worker that hangs is ended, and replaced as any that died.
        """
        while not self._closing.wait(min(REAP_S, self._grace_s / 4)):
            now = time.monotonic()
            for worker in self._workers:
                if now - worker.heard_at > self._silence_s:
                    worker.process.kill()
            for name, run in list(self._runs.items()):
                for owner in list(run.owners):
                    if self._is_active(owner):
                        run.owners[owner] = now
                if now - max(run.owners.values()) > self._grace_s:
                    self.close(name)
