"""Several set-ups in words: which learned, how far each gradient reaches, over how many seeds.

Medians and ranges only: a few seeds say nothing of significance.
"""

from __future__ import annotations

import math

from gradviz.reading.differences import Runs, SetupRow, Spread, difference_table, number_of
from gradviz.reading.failure import GREW
from gradviz.reading.phrases import Level, Reading, number, ten_to

_ARRIVING = "The gradient at the encoder's first timestep is, of that at the decoder's first,"


def read_compare(runs: Runs, step: int | None = None) -> Reading:
    """Say what is seen of several set-ups at a step; None is the newest."""
    rows = [row for row in difference_table(runs, step) if row.seeds]
    if not rows:
        return Reading(sentences=["Nothing has been measured yet."], level="info")
    learned = f"{'; '.join(_learned(row) for row in rows)}."
    known = [(row, row.horizon) for row in rows if row.horizon]
    reach = [f"Gradients reach back {'; '.join(_reach(*each) for each in known)}."] if known else []
    if all(row.arriving for row in rows):
        reach = [f"{_ARRIVING} {'; '.join(_arrives(row) for row in rows)}."]
    return Reading(sentences=[learned, *reach, _seeds(rows)], level=_level(rows))


def _learned(row: SetupRow) -> str:
    """What one set-up has come to."""
    clauses = [*_solved(row), *_failed(row)] or [f"has done {_steps(row.steps)}"]
    loss = [] if row.solved else _loss(row)
    return ", ".join([f"{row.label} {' and '.join(clauses)}", *loss])


def _solved(row: SetupRow) -> list[str]:
    if not row.floor:
        return []
    after = f" after {row.steps_to_solve.words()} steps" if row.steps_to_solve else ""
    if row.seeds > 1:
        return [f"solved its task in {row.solved} of {row.seeds} seeds{after}"]
    if after:
        return [f"solved its task{after}"]
    return [f"has not solved its task in {_steps(row.steps)}"] if row.loss else []


def _failed(row: SetupRow) -> list[str]:
    if not row.failed_at:
        return []
    first = f"step {row.failed_at[0]:,}"
    if row.seeds == 1:
        return [f"failed at {first}"]
    which = "at" if len(row.failed_at) == 1 else "first at"
    return [f"failed in {len(row.failed_at)}, {which} {first}"]


def _loss(row: SetupRow) -> list[str]:
    """The recent loss against the floor, of the seeds that did not fail."""
    if row.loss is None:
        return []
    of = "median " if row.seeds - len(row.failed_at) > 1 else ""
    share = f" ({row.share_of_floor} its floor)" if row.share_of_floor else ""
    return [f"{of}loss {number(row.loss.median)}{share}"]


def _reach(row: SetupRow, horizon: Spread) -> str:
    """How far one set-up's gradient reaches."""
    if row.stopped_after is not None and horizon.median >= row.stopped_after:
        lag = f"{row.stopped_after} of {row.first_lag} timesteps"
        return f"{lag}, where truncation stops them, in {row.label}"
    spread = f" ({number_of(horizon.low)}…{number_of(horizon.high)})"
    over = spread if horizon.low < horizon.high else ""
    of = " of the decoder" if row.arriving else ""
    if math.isfinite(horizon.median):
        return f"{number_of(horizon.median)}{over} of {row.first_lag} timesteps{of} in {row.label}"
    growth = row.growth_log10
    grown = (
        f", {ten_to(growth)} times as large there," if growth and growth >= math.log10(GREW) else ""
    )
    return f"to the first input{over}{grown} in {row.label}"


def _arrives(row: SetupRow) -> str:
    """What of the decoder's gradient one set-up brings to the beginning of its encoder."""
    assert row.arriving
    low, high = ten_to(row.arriving.low), ten_to(row.arriving.high)
    spread = f" ({low}…{high})" if low != high else ""
    return f"{ten_to(row.arriving.median)}{spread} times in {row.label}"


def _seeds(rows: list[SetupRow]) -> str:
    counts = [row.seeds for row in rows]
    if min(counts) == 1:
        return "One seed proves nothing; train more seeds."
    many = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)}…{max(counts)}"
    return f"Numbers are medians, with least and greatest, over {many} seeds of each set-up."


def _level(rows: list[SetupRow]) -> Level:
    if any(row.failed_at for row in rows):
        return "warning"
    return "ok" if all(row.solved == row.seeds for row in rows) else "info"


def _steps(count: int) -> str:
    return f"{count:,} step{'' if count == 1 else 's'}"
