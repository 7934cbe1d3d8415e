"""The worker process: hosts many runs and gives each owner a slice of time in turn.

Started by the registry as `python -m gradviz.runner.worker ADDRESS`; the key of the
connection comes on stdin, which stays open: when the server dies, however it dies, stdin
ends and so does the worker.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Client, Connection
from typing import Any

from gradviz.config import LIMITS, RunConfig
from gradviz.history import CloseUpRequest, Frame, StepRecord, scalars_of
from gradviz.runner.questions import answer
from gradviz.runner.schedule import FrameSchedule
from gradviz.training import Trainer, prepare_training_thread

SLICE_S = 0.05
STEP_LIMIT_S = LIMITS.step_seconds
MOST_STEPS = LIMITS.steps
TEXT_S = 2.0
"""Between two looks at what a language model writes and at what is held out from training."""
TEXT_SHARE = 0.05
"""Share of a run's time that these may take."""
CHECKPOINT_S = 5.0
CHECKPOINT_BYTES = 4 * 2**20
KEY_BYTES = 32


@dataclass
class _Run:
    trainer: Trainer
    owner: str
    until: int | None = 0
    """Train until this step; None: without end."""
    order: int = 0
    """Number of the last command that started or paused it."""
    in_line: bool = False
    """Whether it waits for the runs in line that its owner opened before."""
    schedule: FrameSchedule = field(default_factory=FrameSchedule)
    checkpoint_at: float = 0.0
    writes_at: float = -math.inf
    rows: list[tuple[float, ...]] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    newest: Frame | None = None
    turn: int = 0
    """Number of its last slice, of all that this worker gave."""

    @property
    def running(self) -> bool:
        return self.until is None or self.trainer.step < self.until

    @property
    def at_rest(self) -> bool:
        """Whether its last step, if there is one, was measured."""
        return not self.trainer.step or (
            self.newest is not None and self.newest.step == self.trainer.step
        )


class Worker:
    """Reads commands, trains in slices, sends what is new."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._runs: dict[str, _Run] = {}
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
        """Of each owner the run that has waited longest, with how many runs' share it gets.

        So an owner of forty runs takes as much of this worker as one of a single run, which gets
        one slice of two then, as if two runs shared the worker; the forty get one of eighty each.
        """
        busy = sorted(self._busy(), key=lambda each: each[1].turn)
        counts = Counter(run.owner for _, run in busy)
        first: dict[str, str] = {}
        for name, run in busy:
            first.setdefault(run.owner, name)
        return [(name, len(counts) * counts[owner]) for owner, name in first.items()]

    def _busy(self) -> list[tuple[str, _Run]]:
        """The runs that go on now; of those in line only the first of each owner's."""
        found, served = [], set()
        for name, run in self._runs.items():
            if not run.running or (run.in_line and run.owner in served):
                continue
            if run.in_line:
                served.add(run.owner)
            found.append((name, run))
        return found

    def _say(self, kind: str, run: str, content: Any) -> None:
        self._said_at = time.monotonic()
        self._connection.send((kind, run, content))

    def _obey(self, command: str, name: str, argument: Any) -> None:
        if command == "ask":
            try:
                self._say("answer", name, (answer(argument), ""))
            except Exception as error:
                self._say("answer", name, (None, str(error)))
            return
        if command == "open":
            config, checkpoint, owner, closeup, in_line = argument
            try:
                trainer = Trainer(RunConfig.from_dict(config))
                trainer.closeup = closeup
                if checkpoint:
                    trainer.restore(checkpoint)
            except Exception as error:
                traceback.print_exc()
                self._say("stopped", name, f"The run could not be made: {error}")
                return
            self._runs[name] = _Run(trainer, owner, until=trainer.step, in_line=in_line)
            self._say("opened", name, trainer.floor)
            return
        run = self._runs.get(name)
        if run is None:
            return
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

    def _look(self, name: str, run: _Run, request: CloseUpRequest) -> None:
        """From the next frame on; at rest the newest frame is sent again."""
        run.trainer.closeup = request
        if run.running or run.newest is None:
            return
        try:
            closeup = run.trainer.look(request)
        except Exception:
            # The picture stays; an error here would end all runs of this worker.
            traceback.print_exc()
            return
        if closeup is not None:
            run.newest = replace(run.newest, closeup=closeup)
            self._say("records", name, ([], [run.newest], run.schedule.step_ms))

    def _slice(self, name: str, run: _Run, sharing: int) -> None:
        """Train one run for a slice of time."""
        self._slices += 1
        run.turn = self._slices
        ends = time.monotonic() + SLICE_S
        try:
            while run.running:
                began = time.monotonic()
                last = run.trainer.step + 1 in (run.until, MOST_STEPS)
                due = last or run.schedule.due(run.trainer.step + 1, began)
                due = due and run.trainer.step % run.trainer.config.record_every == 0
                cpu = time.thread_time()
                run.trainer.dear_probes = run.schedule.probes
                record = run.trainer.train_step("full" if due else "none")
                run.rows.append(scalars_of(record))
                # Of weights that are no numbers nothing can be measured.
                if record.is_measured:
                    run.newest = self._framed(run, record, at_rest=last)
                    run.frames.append(run.newest)
                spent = time.thread_time() - cpu
                if due:
                    run.schedule.measured_step(
                        began=began,
                        spent_s=spent,
                        dear_s=run.trainer.dear_seconds,
                        most_probes=run.trainer.config.probe_size,
                        sharing=sharing,
                    )
                else:
                    run.schedule.bare_step(spent)
                if record.failure:
                    run.until = run.trainer.step
                    self._flush(name, run)
                    self._say("failed", name, record.failure)
                    return
                # A measured step may take twice as long, and its dear quantities extra.
                if spent > STEP_LIMIT_S * (1 + due) + run.trainer.dear_seconds * due:
                    text = f"A step took {spent:.1f} s; {STEP_LIMIT_S:g} s is the limit."
                    self._stop(name, run, text + " Make the network or the batch smaller.")
                    return
                if run.trainer.step == MOST_STEPS:
                    text = f"The run took {MOST_STEPS:,} steps, the most that one may take here."
                    self._stop(name, run, text)
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

    def _stop(self, name: str, run: _Run, text: str) -> None:
        """End the run at a limit, with all that it has come to."""
        run.until = run.trainer.step
        self._flush(name, run)
        self._say("stopped", name, text)

    def _framed(self, run: _Run, record: StepRecord, *, at_rest: bool) -> Frame:
        """A measured step's frame; now and then, and at rest, what else is looked at."""
        frame = Frame.from_record(record)
        began = time.monotonic()
        if record.failure or not (at_rest or began > run.writes_at):
            return frame
        trainer = run.trainer
        frame = replace(frame, text=trainer.sample_text(), held_out=trainer.held_out_loss())
        spent = time.monotonic() - began
        run.writes_at = began + max(TEXT_S, spent / TEXT_SHARE)
        return frame

    def _flush(self, name: str, run: _Run) -> None:
        if run.rows:
            self._say("records", name, (run.rows, run.frames, run.schedule.step_ms))
            run.rows, run.frames = [], []
        now = time.monotonic()
        if now - run.checkpoint_at > CHECKPOINT_S and run.trainer.step:
            run.checkpoint_at = now
            data = run.trainer.checkpoint()
            if len(data) <= CHECKPOINT_BYTES:
                self._say("checkpoint", name, (run.trainer.step, data))


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
