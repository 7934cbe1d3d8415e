"""What was asked of the workers and is not answered yet: `questions.QUESTIONS`, by name."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import Future
from typing import Any

from gradviz.runner.process import WorkerProcess


class QuestionError(RuntimeError):
    """A question that has no answer, in one sentence."""


class Asking:
    """Open questions, each with the worker that was asked."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[WorkerProcess, Future[Any]]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._open)

    def ask(self, worker: WorkerProcess, question: str) -> Future[Any]:
        """Have a worker answer; a QuestionError where it cannot."""
        answer: Future[Any] = Future()
        name = secrets.token_urlsafe(12)
        with self._lock:
            self._open[name] = worker, answer
        worker.send("ask", name, question)
        return answer

    def answered(self, name: str, value: Any, problem: str) -> None:
        """What a worker said to a question, or why it said nothing."""
        with self._lock:
            _, answer = self._open.pop(name, (None, None))
        # One that was given up meanwhile takes no answer.
        if answer is None or not answer.set_running_or_notify_cancel():
            return
        if problem:
            answer.set_exception(QuestionError(problem))
        else:
            answer.set_result(value)

    def ended(self, worker: WorkerProcess) -> None:
        """Say to all who asked a worker that it died."""
        with self._lock:
            names = [name for name, (asked, _) in self._open.items() if asked is worker]
        for name in names:
            problem = "The process that was asked ended before it answered; ask again."
            self.answered(name, None, problem)
