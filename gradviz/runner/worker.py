"""The worker process: hosts many runs and gives each owner a slice of time in turn.

Started by `process` as `python -m gradviz.runner.worker ADDRESS`; the key of the
connection comes on stdin, which stays open: when the server dies, however it dies, stdin
ends and so does the worker.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from multiprocessing.connection import Client, Connection
from typing import Any

from gradviz.config import RunConfig
from gradviz.history import CloseUpRequest
from gradviz.runner.hosted_run import HostedRun
from gradviz.runner.questions import answer
from gradviz.runner.turns import turns
from gradviz.training import Trainer, prepare_training_thread

SLICE_S = 0.05
KEY_BYTES = 32


class Worker:
    """Reads commands, trains in slices, sends what is new."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._runs: dict[str, HostedRun] = {}
        self._said_at = 0.0
        self._slices = 0

    def serve(self) -> None:
        """Work until the connection ends."""
        self._say("ready", "", None)
        while True:
            while self._connection.poll(0 if self._turns() else 0.5):
                self._obey(*self._connection.recv())
            for name, sharing in self._turns():
                run = self._runs.get(name)
                if run is not None and run.running:
                    self._slice(name, run, sharing)
                while self._connection.poll(0):
                    self._obey(*self._connection.recv())
            if time.monotonic() - self._said_at > 1:
                self._say("alive", "", None)

    def _turns(self) -> list[tuple[str, int]]:
        return turns(self._runs)

    def _say(self, kind: str, run: str, content: Any) -> None:
        self._said_at = time.monotonic()
        self._connection.send((kind, run, content))

    def _obey(self, command: str, name: str, argument: Any) -> None:
        if command == "ask":
            self._answer(name, argument)
        elif command == "open":
            self._open(name, *argument)
        elif name in self._runs:
            self._steer(command, name, self._runs[name], argument)

    def _answer(self, name: str, question: str) -> None:
        try:
            self._say("answer", name, (answer(question), ""))
        except Exception as error:
            self._say("answer", name, (None, str(error)))

    def _open(
        self,
        name: str,
        config: dict[str, Any],
        checkpoint: bytes | None,
        owner: str,
        closeup: CloseUpRequest | None,
        in_line: bool,
    ) -> None:
        try:
            trainer = Trainer(RunConfig.from_dict(config))
            trainer.closeup = closeup
            if checkpoint:
                trainer.restore(checkpoint)
        except Exception as error:
            traceback.print_exc()
            self._say("stopped", name, f"The run could not be made: {error}")
            return
        self._runs[name] = HostedRun(trainer, owner, until=trainer.step, in_line=in_line)
        self._say("opened", name, trainer.floor)

    def _steer(self, command: str, name: str, run: HostedRun, argument: Any) -> None:
        if command in {"play", "pause", "step"}:
            run.order, argument = argument
        if command == "play":
            run.until = argument
            if not run.running:
                self._say("paused", name, run.order)
        elif command == "pause":
            if run.running and not (run.in_line and run.at_rest):
                # One more step, which is measured: the pictures of a run at rest are of its last.
                run.until = run.trainer.step + 1
            else:
                run.until = run.trainer.step
                self._say("paused", name, run.order)
        elif command == "step":
            # Ten quick clicks on “Step 1” are ten steps.
            run.until = max(run.until or 0, run.trainer.step) + argument
        elif command == "learning_rate":
            run.trainer.set_learning_rate(argument)
        elif command == "clip_threshold":
            run.trainer.set_clip_threshold(argument)
        elif command == "look":
            self._look(name, run, argument)
        elif command == "close":
            del self._runs[name]

    def _look(self, name: str, run: HostedRun, request: CloseUpRequest) -> None:
        try:
            is_new = run.look(request)
        except Exception:
            # The picture stays; an error here would end all runs of this worker.
            traceback.print_exc()
            return
        if is_new:
            self._say("records", name, ([], [run.newest], run.schedule.step_ms))

    def _slice(self, name: str, run: HostedRun, sharing: int) -> None:
        """Train one run for a slice of time."""
        self._slices += 1
        run.turn = self._slices
        ends = time.monotonic() + SLICE_S
        try:
            while run.running:
                last_word = run.take_step(sharing)
                if last_word:
                    run.until = run.trainer.step
                    self._flush(name, run)
                    self._say(last_word[0], name, last_word[1])
                    return
                if time.monotonic() >= ends:
                    break
        except Exception as error:
            traceback.print_exc()
            run.until = run.trainer.step
            self._say("stopped", name, f"The run stopped at an error: {error}")
            return
        self._flush(name, run)
        if not run.running:
            self._say("paused", name, run.order)

    def _flush(self, name: str, run: HostedRun) -> None:
        """Send what is new."""
        if run.rows:
            self._say("records", name, (run.rows, run.frames, run.schedule.step_ms))
            run.rows, run.frames = [], []
        checkpoint = run.checkpoint()
        if checkpoint:
            self._say("checkpoint", name, checkpoint)


def _die_with_stdin() -> None:
    # Not through sys.stdin: its lock, held here, would be fatal at the interpreter's own end.
    while os.read(0, 1):
        pass
    os._exit(0)


def main() -> None:
    """Connect and work."""
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(10)
    key = os.read(0, KEY_BYTES)
    threading.Thread(target=_die_with_stdin, daemon=True).start()
    prepare_training_thread()
    with (
        contextlib.suppress(EOFError, OSError),  # The server is gone.
        Client(sys.argv[1], authkey=key) as connection,
    ):
        Worker(connection).serve()


if __name__ == "__main__":
    main()
