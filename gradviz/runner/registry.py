"""The server's registry of runs, shared out to worker processes. Plain Python, no torch."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from gradviz.config import LIMITS, RunConfig
from gradviz.history import FRAME_BYTES, CloseUpRequest, History
from gradviz.runner.asking import Asking
from gradviz.runner.budget import giving_way
from gradviz.runner.live_run import LiveRun
from gradviz.runner.process import WorkerProcess
from gradviz.runner.run_view import RunView
from gradviz.runner.saving import Saver, Saving

REAP_S = 1.0
SILENCE_S = 60.0
"""A worker that says nothing for so long hangs; one that is well speaks every second.

But a starved one is well too: at nice 10 beside two busy processes on two cores a worker was
silent for 15 s while it imported its modules."""


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
        self._runs: dict[str, LiveRun] = {}
        self._questions = Asking()
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
            own = {name: run for name, run in self._runs.items() if owner in run.owners}
            held = {name: run.frame_bytes for name, run in own.items()}
            for name in giving_way(held, frame_bytes):
                self.close(name)
            run = LiveRun(
                name=secrets.token_urlsafe(12),
                view=RunView(config=config, history=History(config, frame_bytes=frame_bytes)),
                owners={owner: time.monotonic()},
                worker=self._least_busy(),
                frame_bytes=frame_bytes,
                closeup=closeup,
                in_line=in_line,
            )
            self._runs[run.name] = run
            run.open()
            return run.name

    def _least_busy(self) -> WorkerProcess:
        load = Counter(id(run.worker) for run in self._runs.values())
        return min(self._workers, key=lambda each: load[id(each)])

    def ask(self, question: str) -> Future[Any]:
        """Have a worker answer one of `questions.QUESTIONS`, by its name.

        The result is plain values; a QuestionError where there is none.
        """
        with self._lock:
            return self._questions.ask(self._least_busy(), question)

    def play(self, name: str, until: int | None = None) -> None:
        """Train until that many steps have been taken, then pause; None: without end."""
        run = self._runs.get(name)
        if run:
            run.steer("play", until)

    def pause(self, name: str) -> None:
        """Stop training after the present step."""
        run = self._runs.get(name)
        if run:
            run.steer("pause")

    def step(self, name: str, count: int) -> None:
        """Train `count` steps, then pause."""
        run = self._runs.get(name)
        if run:
            run.steer("step", count)

    def look(self, name: str, request: CloseUpRequest) -> None:
        """Look at another place, in frames to come; at rest in the newest frame too.

        At rest a run that was opened without a close-up shows one only after its next frame.
        """
        run = self._runs.get(name)
        if run:
            run.look(request)

    def set_learning_rate(self, name: str, value: float) -> None:
        """From the next step on."""
        run = self._runs.get(name)
        if run:
            run.set("learning_rate", value)

    def set_clip_threshold(self, name: str, value: float) -> None:
        """From the next step on."""
        run = self._runs.get(name)
        if run:
            run.set("clip_threshold", value)

    def attach(self, name: str, owner: str) -> bool:
        """Another session takes part in a run; False when it is not known."""
        run = self._runs.get(name)
        if run:
            run.owners[owner] = time.monotonic()
        return run is not None

    def resume_lost(self, name: str) -> None:
        """Go on from the last good state of a run whose worker died."""
        run = self._runs.get(name)
        if run and run.view.status == "lost":
            with self._lock:
                run.resume(self._workers[0])

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
        if run:
            run.close()

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

    def _heard(self, kind: str, name: str, content: Any) -> None:
        run = self._runs.get(name)
        if kind == "answer":
            self._questions.answered(name, *content)
        elif run:
            run.heard(kind, content)

    def _ended(self, worker: WorkerProcess) -> None:
        """A worker died: replace it, and say so on its runs and to those who asked."""
        if not self._closing.is_set():
            with self._lock:
                self._workers[self._workers.index(worker)] = self._new_worker()
                for run in self._runs.values():
                    if run.worker is worker:
                        run.lose()
        # After that, so that nobody asks it any more.
        self._questions.ended(worker)

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
