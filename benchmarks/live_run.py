"""Cost of a live run: its steps a second against those of a bare PyTorch loop.

The live run trains in its worker process, measures a frame five times a second, and this
process draws all seven pictures of each as the server does. The bare loop runs in a process
of the same priority. They take turns of a few seconds; the ratio is the median over the turns.

    python benchmarks/live_run.py [seconds a turn] [turns]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.runner import Runner

SIZES = [(50, 32, 32), (100, 32, 64), (200, 32, 64)]
CELLS = ("rnn", "lstm", "gru")
DRAW_S = 0.2


def serve_bare() -> None:
    """In a process of its own: for "cell T B H seconds" on stdin, print steps a second."""
    from trainer_step import bare_step

    from gradviz.training import prepare_training_thread

    os.nice(10)
    prepare_training_thread()
    for line in sys.stdin:
        cell, *numbers = line.split()
        seq_len, batch_size, hidden_size = map(int, numbers[:3])
        step = bare_step(
            RunConfig(cell=cell, seq_len=seq_len, batch_size=batch_size, hidden_size=hidden_size)
        )
        for _ in range(3):
            step()
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < float(numbers[3]):
            step()
            count += 1
        print(count / (time.perf_counter() - began), flush=True)


class Live:
    """One run, turned on and off."""

    def __init__(self, runner: Runner, config: RunConfig) -> None:
        self.runner = runner
        self.name = runner.open(config, "benchmark")
        self.drawings: list[float] = []
        self.rate(1.0)

    def rate(self, seconds: float) -> float:
        """Steps a second while it plays and is drawn."""
        self.runner.play(self.name)
        before = self._steps()
        while self._steps() == before:
            time.sleep(0.01)
        before, began = self._steps(), time.perf_counter()
        while time.perf_counter() - began < seconds:
            at = time.perf_counter()
            self._draw()
            self.drawings.append(time.perf_counter() - at)
            time.sleep(max(0.0, DRAW_S - (time.perf_counter() - at)))
        rate = (self._steps() - before) / (time.perf_counter() - began)
        self.runner.pause(self.name)
        time.sleep(0.3)
        return rate

    def frames_and_probes(self) -> tuple[int, int]:
        """Frames measured, and probes of the dear quantities in the last."""
        with self.runner.reading(self.name) as view:
            frame = view.history.frame_at()
            norms = next(iter(frame.layers.values())).jacobian_norm
            return len(view.history.frames), 0 if norms is None else norms.shape[1]

    def _steps(self) -> int:
        with self.runner.reading(self.name) as view:
            return view.history.last_step

    def _draw(self) -> None:
        with self.runner.reading(self.name) as view:
            for picture in figures.LIVE.values():
                figures.as_json(picture(view.history))


def main() -> None:
    """Print a line a cell and size."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    bare = subprocess.Popen(
        [sys.executable, __file__, "bare"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    runner = Runner(workers=1)
    try:
        print(f"{'cell':5}{'T, B, H':>13}{'bare/s':>9}{'live/s':>9}{'cost':>7}", end="")
        print(f"{'frames/s':>10}{'probes':>8}{'draw ms':>9}")
        for seq_len, batch_size, hidden_size in SIZES:
            for cell in CELLS:
                sizes = {"seq_len": seq_len, "batch_size": batch_size, "hidden_size": hidden_size}
                live = Live(runner, RunConfig(cell=cell, **sizes))
                rates, first = [], live.frames_and_probes()[0]
                for _ in range(turns):
                    bare.stdin.write(f"{cell} {seq_len} {batch_size} {hidden_size} {seconds}\n")
                    bare.stdin.flush()
                    rates.append((float(bare.stdout.readline()), live.rate(seconds)))
                frames, probes = live.frames_and_probes()
                alone, watched = (statistics.median(each[k] for each in rates) for k in (0, 1))
                cost = statistics.median(one / two for one, two in rates)
                drawn = statistics.median(live.drawings) * 1e3
                shape = f"{seq_len}, {batch_size}, {hidden_size}"
                print(f"{cell:5}{shape:>13}{alone:9.0f}{watched:9.0f}{cost:6.2f}×", end="")
                rate = (frames - first) / (turns * seconds)
                print(f"{rate:10.1f}{probes:8}{drawn:9.1f}", flush=True)
                runner.close(live.name)
    finally:
        runner.shutdown()
        bare.stdin.close()
        bare.wait()


if __name__ == "__main__":
    serve_bare() if sys.argv[1:] == ["bare"] else main()
