"""How long a file of a thousand runs takes to be listed, and how large it is.

python benchmarks/run_list.py [runs] [steps]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from gradviz.config import RunConfig
from gradviz.history import Frame, LayerFrame
from gradviz.store import Store

FRAMES = 20


def frame(step: int, timesteps: int = 60, probes: int = 8) -> Frame:
    """One LSTM layer, as the app measures it."""
    draw = np.random.default_rng(step)

    def some(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return draw.normal(size=shape).astype(np.float32)

    layer = LayerFrame(
        hidden_grad_log10=some(timesteps, probes),
        gates={name: some(3, timesteps) for name in ("input", "forget", "candidate", "output")},
        jacobian_norm=some(timesteps, 2),
        jacobian_bound=None,
        transport_log10=some(timesteps, 2),
        gradient_horizon=some(2),
    )
    return Frame(step=step, layers={"l0": layer})


def fill(path: Path, runs: int, steps: int) -> None:
    """Each run of its own settings."""
    rows = [
        (float(step), 1 / step, np.nan, 1.0, 1.0, 0.0, 3e-3, 1.0, 0.0)
        for step in range(1, steps + 1)
    ]
    frames = [frame(step) for step in np.linspace(1, steps, FRAMES).astype(int).tolist()]
    with Store(path) as store:
        for seed in range(runs):
            run = store.begin(RunConfig(cell="lstm", seed=seed), floor=1 / 6)
            store.write(run, rows, frames)
            store.end(run)


def main() -> None:
    """Print a line: the first list of a process, and the next ones."""
    runs, steps = (int(each) for each in (*sys.argv[1:], *("1000", "1000")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.db"
        fill(path, runs, steps)
        times = []
        for _ in range(5):
            began = time.perf_counter()
            with Store(path, read_only=True) as store:
                found = store.runs()
            times.append(time.perf_counter() - began)
        assert len(found) == runs
        size = path.stat().st_size / 2**20
        print(
            f"{runs} runs of {steps} steps, {size:.0f} MB: listed in {times[0]:.2f} s, then",
            end=" ",
        )
        print(f"{sorted(times[1:])[2]:.2f} s")


if __name__ == "__main__":
    main()
