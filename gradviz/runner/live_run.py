"""One live run on the server's side: the orders it was given, and what its worker said of it."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from gradviz.history import SCALARS, CloseUpRequest, History
from gradviz.runner.process import WorkerProcess
from gradviz.runner.run_view import RunView

LOST = "The process that trained this run ended unexpectedly and was replaced."


@dataclass(kw_only=True)
class LiveRun:
    """A run and the worker that hosts it."""

    name: str
    view: RunView
    owners: dict[str, float]
    """Sessions, and the time.monotonic() when each was there last."""
    worker: WorkerProcess
    frame_bytes: int
    closeup: CloseUpRequest | None
    in_line: bool
    lock: threading.RLock = field(default_factory=threading.RLock)
    """Held while the view, its history included, is read or written."""
    _orders: int = 0
    """Play, pause and step commands sent so far; the worker's answers name the one they mean."""
    _checkpoint: tuple[int, bytes] | None = None
    _pace: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=20))

    def open(self, checkpoint: bytes | None = None) -> None:
        """Have the worker make it, from its start or from a checkpoint."""
        owner = next(iter(self.owners))
        config = self.view.config.to_dict()
        self._send("open", (config, checkpoint, owner, self.closeup, self.in_line))

    def steer(self, command: Literal["play", "pause", "step"], argument: int | None = None) -> None:
        """Have it go on or stop; nothing where it has ended."""
        if self.view.status in {"stopped", "lost"}:
            return
        with self.lock:
            self._orders += 1
            self._pace.clear()
            self.view.status = "pausing" if command == "pause" else "running"
            self._send(command, (self._orders, argument))

    def look(self, request: CloseUpRequest) -> None:
        """Look at another place, in frames to come; at rest in the newest frame too."""
        with self.lock:
            self.closeup = request
            self._send("look", request)

    def set(self, setting: Literal["learning_rate", "clip_threshold"], value: float) -> None:
        """Change a setting from the next step on."""
        with self.lock:
            self.view.config = self.view.config.replace(**{setting: value})
            self._send(setting, value)

    def close(self) -> None:
        """Stop it for good; what is to be saved still is."""
        if self.view.saving:
            self.view.saving.closed_at = time.monotonic()
        self._send("close")

    def lose(self) -> None:
        """Its worker died."""
        if self.view.status != "stopped":
            with self.lock:
                self.view.status, self.view.message = "lost", LOST

    def resume(self, worker: WorkerProcess) -> None:
        """Go on in another worker, from the last good state."""
        with self.lock:
            self.worker = worker
            step, data = self._checkpoint or (0, b"")
            old = self.view.history
            history = History(self.view.config, frame_bytes=self.frame_bytes)
            history.floor = old.floor
            columns = [old.column(each, upto=step) for each in SCALARS]
            history.append_scalars(zip(*columns, strict=True))
            for frame in old.frames_upto(step):
                history.append_frame(frame)
            self.view.history = history
            self.view.status, self.view.message = "paused", ""
            self.view.generation += 1
            self.open(data)

    def heard(self, kind: str, content: Any) -> None:
        """Note what the worker said of it."""
        with self.lock:
            view = self.view
            if kind == "opened":
                view.history.floor = content
                if view.status == "starting":
                    view.status = "paused"
            elif kind == "records":
                self._add(*content)
            elif kind == "paused":
                # One that answers an order overtaken since (Pause, then Resume) says nothing.
                if content == self._orders:
                    view.status = "paused"
            elif kind == "failed":
                view.history.failure, view.status = content, "stopped"
            elif kind == "stopped":
                view.status, view.message = "stopped", content
            elif kind == "checkpoint":
                self._checkpoint = content

    def _add(self, rows: list[Any], frames: list[Any], step_ms: float | None) -> None:
        view = self.view
        view.step_ms = step_ms
        view.history.append_scalars(rows)
        for frame in frames:
            view.history.append_frame(frame)
        if rows:  # Not a frame that is looked at anew.
            self._pace.append((time.monotonic(), view.history.last_step))
            (then, first), (now, last) = self._pace[0], self._pace[-1]
            view.steps_per_second = (last - first) / (now - then) if now > then else 0.0

    def _send(self, command: str, argument: Any = None) -> None:
        self.worker.send(command, self.name, argument)
