"""Cost of the instrument beside what people do without it, and its targets.

Light: a training step (a) bare; (b) watched, with gates, total gradients, norms, contributions
and clip read at every step, of 8 sequences or of all; (c) unrolled by hand with retain_grad.
Dear: spectral norms and transport to 1 % and Lyapunov exponents of 8 sequences, beside (d) the
Jacobians of ONE sequence, timestep by timestep by torch.autograd.functional.jacobian, with
their SVDs, and (e) those of 8 sequences at once by vmap(jacfwd), with their SVDs.
Growth: log-log slopes of time and memory from 100 to 3200 timesteps.

One torch thread, denormals flushed, alternating turns, medians of ratios. Memory is the peak of
what torch allocates in a step beyond what it held before.

    python dev.py bench instrument [--quick] [--save]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from costs.growth import BATCH, HIDDEN, LENGTHS, growth
from costs.jacobians import Dear
from costs.memory import peak_megabytes
from costs.steps import CELLS, Size, bare_step, unrolled_step, watched_step
from costs.timing import in_turns, median, ratio

from gradviz.training import prepare_training_thread

SIZES = (Size(50, 32, 32), Size(100, 32, 64), Size(200, 32, 64), Size(400, 64, 128))
QUICK = SIZES[:2]
RESULTS = Path(__file__).parent / "results" / "instrument.json"
LIGHT_BUDGET_S = 3.0
DEAR_ROUNDS = 3

MOST_LIGHT = {"rnn": 1.5, "lstm": 1.8, "gru": 1.5}
MOST_BESIDE_C = 1.0
LEAST_COLD, LEAST_WARM = 100.0, 300.0
MOST_TRANSPORT_MS = {Size(100, 32, 64): 15.0}
MOST_SLOPE = 1.1

Row = dict[str, Any]


def light(sizes: tuple[Size, ...]) -> Iterator[Row]:
    """Print a line a cell and size."""
    print("\nLight, × the bare step a; peak MB of a, and beyond it of the others")
    print(f"{'cell':5}{'T, B, H':>13}{'a ms':>8}{'b 8 seqs':>15}{'b all':>7}{'c':>7}", end="")
    print(f"{'b all / c':>15}{'a MB':>8}{'b 8':>8}{'b all':>8}{'c':>8}")
    for size in sizes:
        for cell in CELLS:
            works = {
                "a": bare_step(cell, size),
                "b8": watched_step(cell, size, 8),
                "b": watched_step(cell, size, None),
                "c": unrolled_step(cell, size),
            }
            rounds = in_turns(works, LIGHT_BUDGET_S, least=5)
            b8, b, c = (ratio(rounds, name, "a") for name in ("b8", "b", "c"))
            beside = ratio(rounds, "b", "c")
            peaks = {name: peak_megabytes(work) for name, work in works.items()}
            more = {name: peaks[name] - peaks["a"] for name in ("b8", "b", "c")}
            bare = median(rounds, "a")
            print(f"{cell:5}{size!s:>13}{bare:8.2f}{at_most(b8, MOST_LIGHT[cell]):>15}", end="")
            print(f"{b:7.2f}{c:7.2f}{at_most(beside, MOST_BESIDE_C):>15}{peaks['a']:8.1f}", end="")
            print("".join(f"{each:+8.1f}" for each in more.values()), flush=True)
            yield {
                **named(cell, size),
                "a_ms": bare,
                **{"b8_over_a": b8, "b_over_a": b, "c_over_a": c, "b_over_c": beside},
                "a_MB": peaks["a"],
                **{f"{name}_more_MB": each for name, each in more.items()},
            }


def dear(sizes: tuple[Size, ...]) -> Iterator[Row]:
    """Print a line a cell and size."""
    print("\nDear, of 8 sequences; d of one. Warm: after a step on the same batch, or on another")
    print(f"{'cell':5}{'T, B, H':>13}{'d ms':>9}{'e ms':>9}{'cold':>8}{'warm':>7}", end="")
    print(f"{'other':>7}{'error':>8}{'d/cold':>12}{'d/warm':>12}{'d/other':>12}", end="")
    print(f"{'transport ms':>15}{'Lyapunov ms':>13}")
    for size in sizes:
        for cell in CELLS:
            layer = Dear(cell, size)
            rounds = layer.rounds(DEAR_ROUNDS)
            row = {f"{name}_ms": median(rounds, name) for name in rounds[0]}
            faster = {
                f"d_over_{name}": ratio(rounds, "d", name)
                for name in ("cold", "warm", "warm_other_batch")
            }
            cold, warm, other = faster.values()
            print(f"{cell:5}{size!s:>13}{row['d_ms']:9.0f}{row['e_ms']:9.0f}", end="")
            print(f"{row['cold_ms']:8.1f}{row['warm_ms']:7.1f}", end="")
            print(f"{row['warm_other_batch_ms']:7.1f}{layer.error:8.2%}", end="")
            print(f"{at_least(cold, LEAST_COLD):>12}{at_least(warm, LEAST_WARM):>12}", end="")
            print(f"{at_least(other, LEAST_WARM):>12}", end="")
            transport = row["transport_ms"]
            if size in MOST_TRANSPORT_MS:
                print(f"{at_most(transport, MOST_TRANSPORT_MS[size]):>15}", end="")
            else:
                print(f"{transport:15.1f}", end="")
            scaled = layer.part < size.timesteps
            print(f"{row['lyapunov_ms']:13.0f}{' *' if scaled else ''}", flush=True)
            yield {
                **named(cell, size),
                **row,
                **faster,
                "error": layer.error,
                "timesteps_of_d_e_lyapunov": layer.part,
            }
    print("* d, e and Lyapunov on a part of the timesteps, scaled to all")


def grown(_: tuple[Size, ...]) -> Iterator[Row]:
    """Print a line a cell and quantity."""
    print(f"\nGrowth from T = {LENGTHS[0]} to {LENGTHS[-1]} at B = {BATCH}, H = {HIDDEN}")
    print(f"{'cell':5}{'quantity':15}{'time slope':>13}{'memory slope':>14}{'ms':>18}{'MB':>18}")
    for cell in CELLS:
        for each in growth(cell):
            slopes = (at_most(slope, MOST_SLOPE) for slope in (each.time_slope, each.memory_slope))
            time_words, memory_words = slopes
            print(f"{cell:5}{each.name:15}{time_words:>13}{memory_words:>14}", end="")
            for low, high in (each.milliseconds, each.megabytes):
                print(f"{f'{low:.1f} … {high:.1f}':>18}", end="")
            print(flush=True)
            yield {"cell": cell, **each._asdict()}


def at_most(value: float, limit: float) -> str:
    """A value beside its target."""
    return f"{value:.2f} ≤ {limit:g} {'✓' if value <= limit else '✗'}"


def at_least(value: float, limit: float) -> str:
    """A value beside its target."""
    return f"{value:.0f} ≥ {limit:g} {'✓' if value >= limit else '✗'}"


def named(cell: str, size: Size) -> Row:
    """The first columns."""
    return {"cell": cell, **size._asdict()}


def rounded(value: Any) -> Any:
    """Four digits, for a small file."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def machine() -> Row:
    """Where and when this ran."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def processor() -> str:
    """The CPU's name."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def save(tables: dict[str, list[Row]]) -> None:
    """Write results/instrument.json, a row a line."""
    RESULTS.parent.mkdir(exist_ok=True)
    parts = [f'  "machine": {json.dumps(machine())}']
    for name, rows in tables.items():
        lines = ",\n".join(f"    {json.dumps(rounded(row))}" for row in rows)
        parts.append(f'  "{name}": [\n{lines}\n  ]')
    RESULTS.write_text("{\n" + ",\n".join(parts) + "\n}\n", "utf-8")
    print(f"\nwritten to {RESULTS}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the first two sizes, no growth")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    prepare_training_thread()
    tables = (light, dear) if options.quick else (light, dear, grown)
    sizes = QUICK if options.quick else SIZES
    found = {table.__name__: list(table(sizes)) for table in tables}
    if options.save:
        save(found)


if __name__ == "__main__":
    main()
