"""The science checks as a process of their own, followed line by line. No torch.

`python -m gradviz check --json` says first what will run and on what machine, then one
object for each check that has ended. When the server dies, however it dies, the pipe
breaks and the process ends with its next line.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gradviz.runner.process import OWN_GROUP, child_environment

Status = Literal["waiting", "running", "done", "cancelled", "failed"]

COMMAND = (sys.executable, "-m", "gradviz", "check", "--json")
NICENESS = 10
LIMIT_S = 300.0
"""A process that takes longer hangs."""

LEASE_S = 60.0
"""Nobody asked for its progress so long: the page was closed."""

_SLOTS = threading.BoundedSemaphore(2)
"""A class of fifty that checks at once must not start fifty imports of torch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckProgress:
    """How far the checks are."""

    status: Status = "waiting"
    names: tuple[str, ...] = ()
    """Of the checks that run, in their order; empty until torch is imported."""
    rows: tuple[Mapping[str, Any], ...] = ()
    """What came of those that have ended: name, title, source, expected, measured, verdict and
    seconds, as in gradviz.checks.Outcome."""
    machine: Mapping[str, str] = field(default_factory=dict)
    """What it runs on: name to version."""
    problem: str = ""
    """Why it ended early, in a sentence."""
    seconds: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.status not in {"waiting", "running"}

    @property
    def wrong(self) -> list[str]:
        """Names of the checks that are not ok."""
        return [row["name"] for row in self.rows if row["verdict"] != "ok"]


class CheckProcess:
    """Starts at once, or when one of the others has ended."""

    def __init__(self, *, slow: bool = False) -> None:
        self._command = [*COMMAND, *(["--all"] if slow else [])]
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._status: Status = "waiting"
        self._head: Mapping[str, Any] = {}
        self._rows: list[Mapping[str, Any]] = []
        self._problem = ""
        self._began = self._asked_at = time.monotonic()
        self._ended: float | None = None
        threading.Thread(target=self._work, daemon=True).start()

    def progress(self) -> CheckProgress:
        """How far it is; ask again before LEASE_S have passed."""
        self._asked_at = time.monotonic()
        with self._lock:
            return CheckProgress(
                status=self._status,
                names=tuple(self._head.get("checks", ())),
                rows=tuple(self._rows),
                machine=self._head.get("machine", {}),
                problem=self._problem,
                seconds=(self._ended or time.monotonic()) - self._began,
            )

    def cancel(self) -> None:
        """End it; what was found is kept. Nothing happens where it is over."""
        self._end("cancelled")

    def _end(self, status: Status, problem: str = "") -> None:
        """Say how it ended, if nothing else has, and see to it that it has."""
        with self._lock:
            if self._ended is None:
                self._status, self._problem, self._ended = status, problem, time.monotonic()
            if self._process is not None:
                self._process.kill()

    def _work(self) -> None:
        while not _SLOTS.acquire(timeout=0.5):
            if self._is_given_up():
                return
        try:
            self._follow()
        except OSError as error:
            self._end("failed", f"The checks could not be started: {error}.")
        finally:
            _SLOTS.release()

    def _is_given_up(self) -> bool:
        """Whether it was cancelled, or the page was closed."""
        if time.monotonic() - self._asked_at > LEASE_S:
            self._end("cancelled", "Nobody was looking, so the checks were ended.")
        return self._ended is not None

    def _follow(self) -> None:
        process = self._started()
        if process is None:
            return
        assert process.stdout is not None
        threading.Thread(target=self._watch, args=(process,), daemon=True).start()
        with process, process.stdout:
            for line in process.stdout:
                try:
                    self._take(json.loads(line))
                except ValueError:
                    self._end("failed", f"The checks must say JSON, got {line[:40]!r}.")
        count, expected = len(self._rows), len(self._head.get("checks", ()))
        if expected and count == expected:
            self._end("done")
        else:
            self._end(
                "failed",
                f"The checks ended after {count} of {expected or 'all'}, with exit status "
                f"{process.returncode}; the server's log says why. Press Run the checks again.",
            )

    def _started(self) -> subprocess.Popen[str] | None:
        """The process; None where it was cancelled before."""
        with self._lock:
            if self._ended is not None:
                return None
            process = self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                encoding="utf-8",
                env=child_environment(),
                **OWN_GROUP,
            )
            self._status = "running"
        if hasattr(os, "setpriority"):
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        return process

    def _take(self, content: Mapping[str, Any]) -> None:
        with self._lock:
            if "checks" in content:
                self._head = content
            else:
                self._rows.append(content)

    def _watch(self, process: subprocess.Popen[str]) -> None:
        """End a process that hangs, or that nobody looks at."""
        while process.poll() is None and not self._is_given_up():
            if time.monotonic() - self._began > LIMIT_S:
                self._end("failed", f"The checks took more than {LIMIT_S:g} s and were ended.")
            time.sleep(0.2)
