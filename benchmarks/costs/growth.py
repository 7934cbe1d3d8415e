"""How time and memory grow with the number of timesteps."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from costs.jacobians import TOLERANCE, Dear
from costs.memory import peak_megabytes
from costs.steps import Size, watched_step
from costs.timing import Work, milliseconds
from gradviz.flow import LayerFlow

LENGTHS = (100, 200, 400, 800, 1600, 3200)
BATCH, HIDDEN = 8, 32
ROUNDS = 3

DEAR: dict[str, Callable[[LayerFlow], object]] = {
    "spectral norms": lambda flow: flow.jacobian_norm(tolerance=TOLERANCE),
    "transport": lambda flow: flow.transport_log10(tolerance=TOLERANCE),
}


class Growth(NamedTuple):
    """Of one quantity, from the first to the last of LENGTHS."""

    name: str
    time_slope: float
    """log–log, the median over the rounds."""
    memory_slope: float
    milliseconds: tuple[float, float]
    megabytes: tuple[float, float]


def growth(cell: str) -> Iterator[Growth]:
    """Light as a whole watched step; the dear ones alone."""
    sizes = [Size(length, BATCH, HIDDEN) for length in LENGTHS]
    steps = [watched_step(cell, size, None) for size in sizes]
    yield _grown("light", lambda index: steps[index])
    trainings = [Dear(cell, size) for size in sizes]
    for name, measure in DEAR.items():

        def fresh(index: int, measure: Callable[[LayerFlow], object] = measure) -> Work:
            # A flow keeps its transport: each turn needs another.
            flow = trainings[index].flow()
            return lambda: measure(flow)

        yield _grown(name, fresh)


def _grown(name: str, work: Callable[[int], Work]) -> Growth:
    turns = [[milliseconds(work(i)) for i in range(len(LENGTHS))] for _ in range(ROUNDS + 1)]
    times, memory = np.array(turns[1:]), [peak_megabytes(work(i)) for i in range(len(LENGTHS))]
    first, *_, last = np.median(times, axis=0)
    return Growth(
        name=name,
        time_slope=statistics.median(_slope(row) for row in times),
        memory_slope=_slope(np.array(memory)),
        milliseconds=(float(first), float(last)),
        megabytes=(memory[0], memory[-1]),
    )


def _slope(values: np.ndarray) -> float:
    return float(np.polyfit(np.log(LENGTHS), np.log(values), 1)[0])
