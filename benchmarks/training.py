"""Cost of an unmeasured Trainer.train_step against a hand-written PyTorch loop.

Both do the same work on the same kind of batches (draw, forward, backward, clip by norm,
Adam), one torch thread, denormals flushed, in alternating turns; medians of the ratio.

    python benchmarks/training.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from gradviz.config import RunConfig
from gradviz.model import build_model
from gradviz.tasks import task_of
from gradviz.training import Trainer, prepare_training_thread

SIZES = [(50, 32, 32), (100, 32, 64), (200, 32, 64)]
ROUNDS, STEPS = 15, 4


def bare_step(config: RunConfig) -> Callable[[], object]:
    """One step as one would write it in a notebook."""
    task = task_of(config)
    model = build_model(config, task)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    generator = torch.Generator().manual_seed(0)

    def step() -> float:
        inputs, targets = task.sample(config.batch_size, generator)
        loss = torch.nn.functional.mse_loss(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip_threshold)
        optimizer.step()
        return loss.item()

    return step


def seconds(step: Callable[[], object]) -> float:
    """Time of one step, the mean of STEPS."""
    began = time.perf_counter()
    for _ in range(STEPS):
        step()
    return (time.perf_counter() - began) / STEPS


def main() -> None:
    """Print one line a cell and size."""
    prepare_training_thread()
    print(f"{'cell':5}{'T, B, H':>14}{'bare ms':>10}{'trainer ms':>12}{'ratio':>8}")
    ratios = []
    for seq_len, batch_size, hidden_size in SIZES:
        for cell in ("rnn", "lstm", "gru"):
            config = RunConfig(
                cell=cell, seq_len=seq_len, batch_size=batch_size, hidden_size=hidden_size
            )
            trainer = Trainer(config)
            steps = (bare_step(config), lambda trainer=trainer: trainer.train_step("none"))
            for step in steps:
                seconds(step)
            times = [(seconds(steps[0]), seconds(steps[1])) for _ in range(ROUNDS)]
            bare, ours = (statistics.median(column) for column in zip(*times, strict=True))
            ratios.append(statistics.median(two / one for one, two in times))
            sizes = f"{seq_len}, {batch_size}, {hidden_size}"
            print(f"{cell:5}{sizes:>14}{bare * 1e3:10.2f}{ours * 1e3:12.2f}{ratios[-1]:8.3f}")
    print(f"median of the ratios {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
