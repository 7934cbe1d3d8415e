"""What the table measures of each cell.

Index legend: T timesteps, Q probes.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
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
from gradviz.cell_table.timing import ROUNDS, ratios_of
from gradviz.config import CELLS, choices, word_of
from gradviz.flow import watch

SEEDS, PROBES, TOLERANCE = 5, 8, 0.01
"""Over which horizon and exponent are medians, and the relative error of what they are made of."""

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
    reference = Variant(cell=REFERENCE)
    steps = {each: training_step(_layer(each)) for each in (reference, *rows)}
    ratios = ratios_of(steps, reference, rounds, advance)
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


def work(rows: Sequence[object], rounds: int = ROUNDS) -> int:
    """How often measuring them tells how far it is."""
    return len(rows) + rounds if rows else 0


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


SIZES = f"T = {TIMESTEPS}, B = {BATCH}, I = {INPUT_SIZE}, H = {HIDDEN_SIZE}"
