"""Several set-ups by timestep, at one step: gradient flow and transport.

Index legend: T timesteps, P probe sequences, R lines that a band goes over: seeds, or the probes
of the only seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.memoryless import NO_STATE
from gradviz.figures.over_time import FLOAT32_FLOOR, FLOOR_IN_SIGHT, NOT_MEASURED
from gradviz.figures.setups import (
    BELOW,
    Runs,
    drawn,
    every,
    lengths_seen,
    median_of,
    seeds_seen,
    steps_seen,
)
from gradviz.figures.stops import first_reached
from gradviz.figures.style import figure
from gradviz.figures.time_axis import TimeAxis, common_axis
from gradviz.figures.traces import level
from gradviz.figures.wording import WAITING
from gradviz.history import Floats, Frame, LayerFrame, crossing


def compare_flow(runs: Runs, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """log10 ‖∂L/∂h_t‖ by timestep in the top layer, a line a set-up: the median probe.

    Of a cell that carries something else, of that: see `config.CellSpec.symbol`.

    The band goes from the least to the greatest of the probes; of several seeds, of their medians.
    Set-ups of different lengths begin together at t = 1 and end where each ends. A decoder's
    timesteps follow its encoder's.

    Args:
        runs: label of a set-up → its histories, one a seed.
        step: the scrub position; None is each run's newest frame.
        theme: "light" or "dark".
    """
    frames = _frames(runs, step)
    axis = _axis(frames)
    traces, seen = _lines(runs, frames, lambda layer: layer.hidden_grad_log10, "‖∂L/∂{}‖ = 10^")
    first = max((first_reached(history) for history in every(runs)), default=0)
    zeros = any((values[first:] == -np.inf).any() for values in seen)
    lowest = min((float(np.nanmin(y)) for y in _seen(traces)), default=0.0)
    single = any(history.config.dtype == "float32" for history in every(runs))
    if lowest < math.log10(FLOOR_IN_SIGHT) and single:
        floor = math.log10(FLOAT32_FLOOR)
        traces.append(level(_ends(seen), floor, "float32 floor", uid="floor"))
    return figure(
        traces if seen else [],
        title="Gradient flow",
        facts=_facts(runs, frames, seen, zeros=zeros, is_stopped=first > 0),
        x=axis.title,
        y="log10 " + " or ".join(f"‖∂L/∂{each}<sub>t</sub>‖" for each in _symbols(runs)),
        theme=theme,
        empty="" if seen else WAITING,
        meta={"axis": axis.name},
        marks=axis.marks,
        x_span=_ends(seen),
        xaxis=axis.ticks,
        **BELOW,
    )


def compare_transport(runs: Runs, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """log10 ‖∂s_T/∂s_t‖ by timestep in the top layer, and the line at 1/e.

    Each set-up's line ends with 0 at its own last timestep, an encoder's too. Lines, bands and
    arguments as for `compare_flow`.
    """
    frames = _frames(runs, step)
    axis = _axis(frames)
    traces, seen = _lines(runs, frames, lambda layer: layer.transport_log10, "10^", gap=True)
    if seen:
        traces.append(level(_ends(seen), -math.log10(math.e), "1/e", uid="1/e"))
    begun = any(frame for of in frames for frame in of)
    return figure(
        traces if seen else [],
        title="Transport to the last timestep",
        facts=_facts(runs, frames, seen),
        x=axis.title,
        y="log10 ‖∂s<sub>T</sub>/∂s<sub>t</sub>‖",
        theme=theme,
        empty="" if seen else _why_none(runs) if begun else WAITING,
        meta={"axis": axis.name},
        marks=axis.marks,
        x_span=_ends(seen),
        xaxis=axis.ticks,
        **BELOW,
    )


def _why_none(runs: Runs) -> str:
    return NO_STATE if all(each.is_memoryless for each in every(runs)) else NOT_MEASURED


def _symbols(runs: Runs) -> list[str]:
    """What the set-ups' cells carry, each once."""
    return list(dict.fromkeys(each.symbol for each in every(runs))) or ["h"]


def _frames(runs: Runs, step: int | None) -> list[list[Frame | None]]:
    return [[history.frame_at(step) for history in of] for of in runs.values()]


def _axis(frames: list[list[Frame | None]]) -> TimeAxis:
    return common_axis(frame for of_setup in frames for frame in of_setup if frame)


def _lines(
    runs: Runs,
    frames: list[list[Frame | None]],
    values_of: Callable[[LayerFrame], Floats | None],
    quantity: str,
    *,
    gap: bool = False,
) -> tuple[list[dict[str, Any]], list[Floats]]:
    """The set-ups' lines, and what was measured, (T, P) each.

    The quantity's {} is what the set-up's cell carries. `gap`: between encoder and decoder, where
    the one does not lead to the other.
    """
    traces: list[dict[str, Any]] = []
    measured: list[Floats] = []
    for place, (label, of_setup) in enumerate(zip(runs, frames, strict=True)):
        known = [each for frame in of_setup if (each := _along(frame, values_of)) is not None]
        measured += known
        values = _over_seeds([_finite(each) for each in known], len(of_setup))
        t = np.arange(1, values.shape[1] + 1)
        pair = crossing(next((frame for frame in of_setup if frame), None)) if gap else None
        if pair and len(t):
            S = pair.encoder_timesteps
            t, values = np.insert(t, S, S), np.insert(values, S, np.nan, axis=1)
        said = quantity.format(*_symbols({label: runs[label]}))
        traces += drawn(place, label, t, values, hover=f"t = %{{x}}: {said}%{{y:.2f}}")
    return traces, measured


def _along(frame: Frame | None, values_of: Callable[[LayerFrame], Floats | None]) -> Floats | None:
    """(T, P) of the top layer; of an encoder–decoder its encoder's, then its decoder's."""
    if frame is None:
        return None
    pair = crossing(frame)
    found = [values_of(layer) for layer in (pair.tops if pair else (frame.top_layer,))]
    known = [each for each in found if each is not None]
    return np.concatenate(known) if len(known) == len(found) else None


def _over_seeds(values_TP: Sequence[Floats], seeds: int) -> Floats:
    """What a band goes over, (R, T): the probes of an only seed, otherwise the seeds' medians."""
    if seeds == 1 and values_TP:
        return values_TP[0].T
    longest = max((len(each) for each in values_TP), default=0)
    lines = np.full((max(seeds, 1), longest), np.nan)
    for line, each in zip(lines, values_TP, strict=False):
        line[: len(each)] = median_of(each.T)
    return lines


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan).astype(np.float64)


def _seen(traces: list[dict[str, Any]]) -> list[Floats]:
    return [trace["y"] for trace in traces if np.isfinite(trace["y"]).any()]


def _ends(seen: list[Floats]) -> tuple[float, float]:
    return 1.0, float(max((len(each) for each in seen), default=2))


def _facts(
    runs: Runs,
    frames: list[list[Frame | None]],
    measured: list[Floats],
    *,
    zeros: bool = False,
    is_stopped: bool = False,
) -> str:
    steps = [frame.step for of in frames for frame in of if frame]
    if not steps:
        return ""
    several = any(len(histories) > 1 for histories in runs.values())
    seen = seeds_seen(runs) if several else "median, range of sequences"
    told = [steps_seen(steps), seen, *lengths_seen(len(each) for each in measured)]
    told += ["stopped by truncation where a line begins late"] if is_stopped else []
    return " · ".join([*told, *(["zeros left out"] if zeros else [])])
