"""Time of a training step of every cell, beside PyTorch's fused LSTM.

One layer, forward, backward from a random loss at the last timestep, and Adam; one torch thread,
denormals flushed, alternating turns, medians of ratios. `python -m gradviz cells` has the same
ratios with what else is measured of each cell; docs/cells.md explains the cells.

    python dev.py bench cells [--quick] [--save]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from costs.timing import in_turns, median, ratio
from instrument import machine, rounded

from gradviz.cell_table import SIZES, variants
from gradviz.cell_table.networks import layer_of, training_step
from gradviz.training import prepare_training_thread

RESULTS = Path(__file__).parent / "results" / "cells.json"
BUDGET_S, QUICK_S = 60.0, 10.0
REFERENCE = "LSTM"


def rows(budget_s: float) -> list[dict[str, Any]]:
    """Print a line a cell."""
    works = {
        each.label: training_step(layer_of(each.cell, each.activation or "tanh"))
        for each in variants()
    }
    rounds = in_turns(works, budget_s, least=5)
    print(f"{SIZES}; {len(rounds)} rounds\n{'cell':20}{'ms':>8}{'× LSTM':>9}")
    found = []
    for name in works:
        times = {"ms": median(rounds, name), "over_lstm": ratio(rounds, name, REFERENCE)}
        print(f"{name:20}{times['ms']:8.2f}{times['over_lstm']:9.2f}", flush=True)
        found.append({"cell": name, **times})
    return found


def main() -> None:
    """Print the table; write it into results/ with --save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few rounds")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    asked = parser.parse_args()
    prepare_training_thread()
    measured = rows(QUICK_S if asked.quick else BUDGET_S)
    if asked.save:
        content = {"machine": machine(), "sizes": SIZES, "cells": rounded(measured)}
        RESULTS.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
