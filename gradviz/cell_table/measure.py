"""What the table measures of each cell.

Index legend: T timesteps, Q probes.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from gradviz.cell_table.networks import (
    BATCH,
    HIDDEN_SIZE,
    INPUT_SIZE,
    TIMESTEPS,
    last_output,
    layer_of,
    normal,
    parameters_of,
    training_step,
)
from gradviz.config import CELLS, choices, word_of
from gradviz.flow import watch

SEEDS, PROBES, TOLERANCE = 5, 8, 0.01
"""Over which horizon and exponent are medians, and the relative error of what they are made of."""

ROUNDS = 15
"""Of the interleaved times."""

SHORTEST_S = 0.02
"""A turn repeats its step up to this long: a single one of 1 ms is mostly noise."""

REFERENCE = "lstm"
"""PyTorch's fused LSTM, to whose time all others are a ratio."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """A row of the table: a cell, and its nonlinearity where that is chosen."""

    cell: str
    activation: str = ""

    @property
    def label(self) -> str:
        """In words."""
        own = f", {word_of(self.activation)}" if self.activation else ""
        return f"{CELLS[self.cell].label}{own}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What was measured of one."""

    variant: Variant
    parameters: int
    time_ratio: float
    """A training step's, over the fused LSTM's."""
    horizon: float
    """Gradient horizon in timesteps, the middle of seeds and probes; inf where the gradient
    reaches the first input, nan without recurrence."""
    exponent: float
    """λ₁ in 1/timestep, the median; nan without recurrence."""


def variants(cells: Sequence[str] | None = None) -> list[Variant]:
    """Of all cells, or of some, in the order of CELLS.

    Raises:
        ValueError: for a name that no cell has.
    """
    wanted = cells or CELLS
    unknown = [name for name in wanted if name not in CELLS]
    if unknown:
        raise ValueError(f"A cell must be one of {', '.join(CELLS)}, got {unknown[0]!r}.")
    return [
        Variant(cell=name, activation=activation)
        for name, spec in CELLS.items()
        if name in wanted
        for activation in (choices("activation") if spec.has_activation else ("",))
    ]


def measured(
    rows: Sequence[Variant],
    *,
    rounds: int = ROUNDS,
    seeds: int = SEEDS,
    advance: Callable[[str], object] = lambda doing: None,
) -> list[Row]:
    """Measure them.

    Args:
        rows: to measure.
        rounds: of times.
        seeds: of horizons and exponents.
        advance: told what is being done, `work(rows, rounds)` times.
    """
    reached = []
    for variant in rows:
        advance(variant.label)
        reached.append(_at_start(variant, seeds))
    steps = {each: training_step(_layer(each)) for each in (Variant(cell=REFERENCE), *rows)}
    ratios = _ratios(steps, rounds, lambda number: advance(f"times, round {number}"))
    return [
        Row(
            variant=variant,
            parameters=parameters_of(_layer(variant)),
            time_ratio=ratios[variant],
            horizon=horizon,
            exponent=exponent,
        )
        for variant, (horizon, exponent) in zip(rows, reached, strict=True)
    ]


def work(rows: Sequence[Variant], rounds: int = ROUNDS) -> int:
    """How often `measured` tells how far it is."""
    return len(rows) + rounds


def _layer(variant: Variant, seed: int = 0) -> nn.Module:
    return layer_of(variant.cell, variant.activation or "tanh", seed)


def _at_start(variant: Variant, seeds: int) -> tuple[float, float]:
    """Horizon and λ₁ with the weights that it begins with."""
    if not CELLS[variant.cell].is_recurrent:
        return math.nan, math.nan
    horizons: list[float] = []
    exponents: list[float] = []
    for seed in range(seeds):
        layer = _layer(variant, seed)
        inputs = normal(TIMESTEPS, PROBES, INPUT_SIZE, seed=1000 + seed)
        with watch(layer) as watching:
            weights = normal(PROBES, HIDDEN_SIZE, seed=2000 + seed)
            (last_output(layer, inputs) * weights).sum().backward()
        flow = watching.layers["l0"]
        horizons += flow.gradient_horizon(tolerance=TOLERANCE).tolist()
        exponents += flow.lyapunov_exponents(count=1)[:, 0].tolist()
    # The upper of two in the middle, so always one that was measured.
    return sorted(horizons)[len(horizons) // 2], statistics.median(exponents)


def _ratios(
    steps: Mapping[Variant, Callable[[], object]], rounds: int, advance: Callable[[int], object]
) -> dict[Variant, float]:
    """Median over the rounds of a time over the reference's of the same round.

    In turns, so that a busy machine slows all of them alike.
    """
    times = {}
    for variant, step in steps.items():
        _seconds(step, 1)
        times[variant] = max(1, int(SHORTEST_S / max(_seconds(step, 1), 1e-6)))
    taken = []
    for number in range(1, rounds + 1):
        advance(number)
        taken.append({each: _seconds(step, times[each]) for each, step in steps.items()})
    reference = Variant(cell=REFERENCE)
    return {
        each: statistics.median(turn[each] / turn[reference] for turn in taken) for each in steps
    }


def _seconds(step: Callable[[], object], times: int) -> float:
    """Of one, the mean of so many."""
    began = time.perf_counter()
    for _ in range(times):
        step()
    return (time.perf_counter() - began) / times


SIZES = f"T = {TIMESTEPS}, B = {BATCH}, I = {INPUT_SIZE}, H = {HIDDEN_SIZE}"
