"""Cost of a Trainer's step: bare, measured lightly and measured in full.

First table: draw, forward, backward, clip by norm and Adam as one would write them in a
notebook; Trainer.train_step("none"); and "light", which records gates, total gradients and
their norms of 8 probe sequences besides. Median ratios to the bare loop, in alternating
turns, one torch thread, denormals flushed.

Second table: what the dear quantities (spectral norms, transport, horizon) of one frame
take at T=100, H=64 while a run trains, and how many probes fit into 40 ms.

    python benchmarks/trainer_step.py [light] [dear] [large]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch

from gradviz.config import RunConfig
from gradviz.flow import SPECTRAL_TOLERANCE, SpectralStart, watch
from gradviz.model import build_model
from gradviz.tasks import task_of
from gradviz.training import Trainer, prepare_training_thread

SIZES = [(50, 32, 32), (100, 32, 64), (200, 32, 64)]
CELLS = ("rnn", "lstm", "gru")
ROUNDS, STEPS = 15, 4
FRAMES, STEPS_BETWEEN = 12, 10
BUDGET_MS = 40.0


def bare_step(config: RunConfig) -> Callable[[], object]:
    """One step as one would write it in a notebook."""
    task = task_of(config)
    model = build_model(config, task)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    generator = torch.Generator().manual_seed(0)

    def step() -> float:
        inputs, targets, *_ = task.sample(config.batch_size, generator)
        loss = torch.nn.functional.mse_loss(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip_threshold)
        optimizer.step()
        return loss.item()

    return step


def milliseconds(step: Callable[[], object], times: int = 1) -> float:
    """Time of one step, the mean of so many."""
    began = time.perf_counter()
    for _ in range(times):
        step()
    return (time.perf_counter() - began) / times * 1e3


def light() -> None:
    """Print a line a cell and size."""
    print(f"{'cell':5}{'T, B, H':>13}{'bare ms':>10}{'none':>8}{'light':>8}   (× bare)")
    for seq_len, batch_size, hidden_size in SIZES:
        for cell in CELLS:
            config = RunConfig(
                cell=cell, seq_len=seq_len, batch_size=batch_size, hidden_size=hidden_size
            )
            idle, measured = Trainer(config), Trainer(config)
            steps = (
                bare_step(config),
                lambda idle=idle: idle.train_step("none"),
                lambda measured=measured: measured.train_step("light"),
            )
            for step in steps:
                milliseconds(step, STEPS)
            rounds = [[milliseconds(step, STEPS) for step in steps] for _ in range(ROUNDS)]
            bare = statistics.median(each[0] for each in rounds)
            none, seen = (statistics.median(each[k] / each[0] for each in rounds) for k in (1, 2))
            sizes = f"{seq_len}, {batch_size}, {hidden_size}"
            print(f"{cell:5}{sizes:>13}{bare:10.2f}{none:8.2f}{seen:8.2f}", flush=True)


def dear() -> None:
    """Print a line a cell and number of probes."""
    print(f"{'cell':5}{'probes':>8}{'norms ms':>10}{'transport':>11}{'together':>10}")
    for cell in CELLS:
        config = RunConfig(cell=cell, seq_len=100, hidden_size=64)
        fits = 0
        for probes in (1, 2, 4, 8):
            norms, transports = dear_times(config, probes)
            together = norms + transports
            fits = probes if together <= BUDGET_MS else fits
            print(f"{cell:5}{probes:8}{norms:10.1f}{transports:11.1f}{together:10.1f}", flush=True)
        print(f"{cell:5} {fits} of {config.probe_size} probes fit into {BUDGET_MS:.0f} ms")


def dear_times(config: RunConfig, probes: int) -> tuple[float, float]:
    """Median milliseconds a frame of spectral norms, and of transport with horizon."""
    trainer, start = Trainer(config), SpectralStart()
    norms, transports = [], []
    for _ in range(FRAMES):
        for _ in range(STEPS_BETWEEN):
            trainer.train_step("none")
        with watch(trainer.model.recurrent, probe_size=config.probe_size) as watching:
            trainer.train_step("none")
        flow = watching.layers["l0"]
        _ = flow.hidden_grad
        norms.append(
            milliseconds(
                lambda flow=flow: flow.jacobian_norm(
                    "spectral", probes=probes, tolerance=SPECTRAL_TOLERANCE, warm=start
                )
            )
        )
        transports.append(
            milliseconds(
                lambda flow=flow: (
                    flow.transport_log10("spectral", probes=probes, tolerance=SPECTRAL_TOLERANCE),
                    flow.gradient_horizon(probes=probes, tolerance=SPECTRAL_TOLERANCE),
                )
            )
        )
    return statistics.median(norms), statistics.median(transports)


def large() -> None:
    """Print what one frame of networks near the budget of work takes, as a run measures it."""
    print(f"{'cell':5}{'T, B, H, layers':>20}{'none ms':>10}{'light':>9}{'full':>9}{'probes':>8}")
    for cell, layers, seq_len, batch_size, hidden_size in (
        ("lstm", 1, 200, 8, 512),
        ("lstm", 4, 900, 1, 512),
        ("gru", 4, 1000, 8, 128),
        ("rnn", 4, 1000, 2, 256),
    ):
        config = RunConfig(
            cell=cell,
            num_layers=layers,
            seq_len=seq_len,
            batch_size=batch_size,
            hidden_size=hidden_size,
        )
        trainer = Trainer(config)
        trainer.dear_probes = 2
        trainer.train_step("none")
        times = [
            milliseconds(lambda kind=kind, trainer=trainer: trainer.train_step(kind))
            for kind in ("none", "light", "full", "full")
        ]
        measured = trainer.train_step("full").layers["l0"].jacobian_norm
        probes = 0 if measured is None else measured.shape[1]
        sizes = f"{seq_len}, {batch_size}, {hidden_size}, {layers}"
        none, seen, _, full = times
        print(f"{cell:5}{sizes:>20}{none:10.1f}{seen:9.1f}{full:9.1f}{probes:8}", flush=True)


def main() -> None:
    """Print the tables asked for; all of them when none is."""
    prepare_training_thread()
    tables = {"light": light, "dear": dear, "large": large}
    for name in sys.argv[1:] or tables:
        tables[name]()


if __name__ == "__main__":
    main()
