"""One worker process as the server sees it: start, orders, last words. No torch."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any

OWN_GROUP: dict[str, Any] = (
    {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    if os.name == "nt"
    else {"process_group": 0}
)
"""Ctrl-C is for the server; its children end with it."""


def child_environment() -> dict[str, str]:
    """In which a child finds this gradviz, and takes one thread."""
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


class WorkerProcess:
    """One worker process, its connection and its reader thread."""

    def __init__(
        self, on_message: Callable[..., None], on_end: Callable[[WorkerProcess], None]
    ) -> None:
        key = secrets.token_bytes(32)
        listener = Listener(authkey=key)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gradviz.runner.worker", str(listener.address)],
            stdin=subprocess.PIPE,
            **OWN_GROUP,
            env=child_environment(),
        )
        assert self.process.stdin
        self.process.stdin.write(key)
        self.process.stdin.flush()
        self._waiting: list[tuple[str, str, Any]] = []
        self._lock = threading.Lock()
        self._connection: Any = None
        self.heard_at = math.inf
        """time.monotonic() of its last word; inf before the first."""
        self._serve = (listener, on_message, on_end)
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._watch, args=(listener.address,), daemon=True).start()

    def send(self, command: str, run: str, argument: Any = None) -> None:
        """Tell the worker; before it has connected, the order is kept."""
        with self._lock:
            if self._connection is None:
                self._waiting.append((command, run, argument))
                return
            try:
                self._connection.send((command, run, argument))
            except OSError:
                return  # The reader thread sees the end and marks the runs lost.

    def end(self) -> None:
        """Stop the process."""
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            self.process.stdin.close()  # type: ignore[union-attr]

    def _watch(self, address: Any) -> None:
        """A worker that dies before it connects would leave `accept` waiting for ever."""
        self.process.wait()
        if self._connection is None:
            try:
                Client(address).close()
            except (OSError, EOFError):
                return

    def _read(self) -> None:
        listener, on_message, on_end = self._serve
        try:
            connection = listener.accept()
            with self._lock:
                self._connection = connection
                for order in self._waiting:
                    connection.send(order)
            while True:
                message = connection.recv()
                self.heard_at = time.monotonic()
                on_message(*message)
        except (EOFError, OSError):
            pass  # The process ended.
        finally:
            listener.close()
            self.end()
            on_end(self)
