"""Live runs on their way into the file of runs, while they train.

A thread looks at each run that is saved a few times a second and writes what is new since. So a
slow disk never holds up a training, and nothing waits in a queue: what could not be written is
still in the run's History, and is written when the file can be again.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gradviz.history import Frame
from gradviz.store import Store, StoreError, default_path

if TYPE_CHECKING:
    from gradviz.runner.run_view import RunView

EVERY_S = 0.25
"""Between two writes of a run: what a killed server loses of it."""

RETRY_S = 2.0
"""After a file that could not be written."""

PATIENCE_S = 60.0
"""How long a run that was closed is kept for a file that cannot be written."""


@dataclass(eq=False)
class Saving:
    """One run's way into the file."""

    title: str
    """Its name in the list of runs."""
    tags: tuple[str, ...] = ()
    run_id: int | None = None
    """In the file; None before it is there."""
    steps: int = 0
    """Written so far."""
    problem: str = ""
    """Why it cannot be written now, in a sentence."""
    closed_at: float | None = None
    """time.monotonic() when the run was closed; the rest is written and that is all."""
    _generation: int = 0
    _written: dict[int, Frame] = field(default_factory=dict)

    def write(self, store: Store, view: RunView, lock: threading.RLock) -> None:
        """Write what is new of a run.

        Raises:
            StoreError: where that cannot be; then it is still to be written.
        """
        with lock:
            history, generation = view.history, view.generation
            after = None
            if generation != self._generation:  # It went on from an earlier state.
                after = min(self.steps, history.last_step)
            rows = history.rows(after=self.steps if after is None else after)
            frames = {frame.step: frame for frame in history.frames}
            failure, last = history.failure, history.last_step
            config, floor = history.config, history.floor
        new = [frame for step, frame in frames.items() if self._written.get(step) is not frame]
        if self.run_id is None:
            self.run_id = store.begin(config, name=self.title, tags=self.tags, floor=floor)
        elif not rows and not new and after is None:
            return
        gone = self._written.keys() - frames.keys()
        store.write(self.run_id, rows, new, after=after, gone=gone, failure=failure)
        self.steps, self._generation, self._written = last, generation, frames


class Saver:
    """The thread that saves runs.

    Attributes:
        path: of the file, which is made with its folder when the first run is saved.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self._all: list[tuple[Saving, RunView, threading.RLock]] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_over = False
        self._store: Store | None = None
        self._thread: threading.Thread | None = None

    def add(self, saving: Saving, view: RunView, lock: threading.RLock) -> None:
        """Save a run from now on, with all that there is of it."""
        with self._lock:
            self._all.append((saving, view, lock))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
        self._wake.set()

    def stop(self) -> None:
        """Write what is left of all, and end."""
        self._is_over = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(10)

    def _work(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._is_over
            with self._lock:
                saved = list(self._all)
            done = [self._bring(*each, is_last=is_last) for each in saved]
            self._wake.wait(EVERY_S if all(done) else RETRY_S)
            self._wake.clear()
        self._close()

    def _bring(
        self, saving: Saving, view: RunView, lock: threading.RLock, *, is_last: bool
    ) -> bool:
        """Bring one run up to date; False where the file cannot be written."""
        is_closed = is_last or saving.closed_at is not None
        try:
            store = self._opened()
            saving.write(store, view, lock)
            if is_closed and saving.run_id is not None:
                store.end(saving.run_id)
        except StoreError as error:
            saving.problem = str(error)
            self._close()
            gone = saving.closed_at is not None
            if gone and time.monotonic() - (saving.closed_at or 0) > PATIENCE_S:
                self._forget(saving)
            return False
        saving.problem = ""
        if is_closed:
            self._forget(saving)
        return True

    def _opened(self) -> Store:
        if self._store is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(
                    f"The folder of {self.path} could not be made ({error}); "
                    "name another file in GRADVIZ_RUNS and start gradviz again."
                ) from error
            self._store = Store(self.path)
        return self._store

    def _close(self) -> None:
        if self._store is not None:
            with contextlib.suppress(StoreError):
                self._store.close()
            self._store = None

    def _forget(self, saving: Saving) -> None:
        with self._lock:
            self._all = [each for each in self._all if each[0] is not saving]
