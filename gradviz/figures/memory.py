"""How long a gated memory lasts: the gate's path against the whole gradient, and half-lives.

Index legend: T timesteps, H hidden size.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gradviz.figures.closely import closeup_at, facts_of, why_empty
from gradviz.figures.over_time import FLOAT32_FLOOR, FLOOR_IN_SIGHT
from gradviz.figures.palette import BLUE, GATES, ORANGE
from gradviz.figures.style import figure, log_axis
from gradviz.figures.traces import level, line
from gradviz.history import (
    Floats,
    History,
    MemoryPaths,
    half_lives,
    memory_gate,
    memory_paths,
)


def forget_path(history: History, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """log10 of what reaches t from T: through the forget gates alone, and through every path.

    The two are not the same: the gates' own inputs carry the memory as well. Of a GRU, the path
    through z = ∂h_t/∂h_{t−1} at fixed gates, and ∂h_T/∂h_t.

    Args:
        history: the run, with close-ups.
        step: the scrub position; None is the newest frame.
        theme: "light" or "dark".
    """
    frame = history.frame_at(step)
    paths = memory_paths(frame) if frame else None
    closeup = closeup_at(history, step)
    letter = "z" if closeup and "update" in closeup.gates else "f"
    traces = _paths(paths, letter) if paths else []
    span: dict[str, Any] = {"range": [0.5, len(paths.gate_log10) + 0.5]} if paths else {}
    if paths and history.config.dtype == "float32" and _lowest(paths) < math.log10(FLOOR_IN_SIGHT):
        ends = (1.0, float(len(paths.gate_log10)))
        floor = level(ends, math.log10(FLOAT32_FLOOR), "float32 floor", uid="floor")
        traces.append(floor)
    state = "h" if letter == "z" else "c"
    return figure(
        traces,
        title=f"Through {letter} alone, and through all",
        facts=facts_of(history, step, *_ratio(paths)),
        x="timestep t",
        y=f"log10 ‖∂{state}<sub>T</sub>/∂{state}<sub>t</sub>‖",
        theme=theme,
        empty="" if traces else why_empty(history, step, gated=True),
        meta={"axis": "timestep"},
        xaxis=span,
    )


def half_life(history: History, step: int | None = None, *, theme: str = "light") -> go.Figure:
    """Each unit's memory half-life under its forget gate (a GRU's update gate), sorted.

    ln 2 / −ln(geometric mean of the gate over the sequence), in timesteps. Points, since the
    length of a bar means nothing on a log axis. Arguments as for `forget_path`.
    """
    closeup = closeup_at(history, step)
    lives = half_lives(closeup) if closeup else None
    traces: list[dict[str, Any]] = []
    facts: list[str] = []
    axis: dict[str, Any] = {"type": "log"}
    if closeup and lives is not None:
        T = len(closeup.hidden)
        drawn = np.flatnonzero(np.isfinite(lives) & (lives > 0))
        drawn = drawn[np.argsort(lives[drawn], kind="stable")]
        name = (memory_gate(closeup) or ("forget",))[0]
        ends = (1.0, max(float(len(lives)), 2.0))
        traces = [_lives(drawn, lives[drawn], name), level(ends, T, f"T = {T}", uid="T")]
        facts = _counted(lives, T)
        axis = log_axis(np.append(lives[drawn], T))
    return figure(
        traces,
        title="Memory half-life of each unit",
        facts=facts_of(history, step, *facts),
        x="units, by half-life",
        y="timesteps",
        theme=theme,
        yaxis=axis,
        empty="" if traces else why_empty(history, step, gated=True),
        meta={"axis": "unit"},
    )


def _paths(paths: MemoryPaths, letter: str) -> list[dict[str, Any]]:
    t = np.arange(1, len(paths.gate_log10) + 1, dtype=np.int32)
    hover = "t = %{x}: 10^%{y:.2f}<extra></extra>"
    gate = _finite(paths.gate_log10)
    alone = line(t, gate, f"{letter} alone", BLUE, uid="gate", hovertemplate=hover)
    if paths.whole_log10 is None:
        return [alone]
    whole = _finite(paths.whole_log10)
    return [alone, line(t, whole, "all paths", ORANGE, uid="whole", hovertemplate=hover)]


def _ratio(paths: MemoryPaths | None) -> list[str]:
    """How many times larger the whole is than the gate's path, from the first timestep."""
    if paths is None:
        return []
    if paths.whole_log10 is None:
        return ["all paths: not measured"]
    decades = float(paths.whole_log10[0]) - float(paths.gate_log10[0])
    return [f"at t = 1 all/alone = {_ten_to(decades)}"] if math.isfinite(decades) else []


def _ten_to(decades: float) -> str:
    # Rounded first, or a hair below nothing would be −0.0.
    return f"10<sup>{round(decades, 1) + 0.0:.1f}</sup>".replace("-", "−")


def _lowest(paths: MemoryPaths) -> float:
    seen = [paths.gate_log10] + ([] if paths.whole_log10 is None else [paths.whole_log10])
    return min(float(np.min(each, where=np.isfinite(each), initial=0.0)) for each in seen)


def _lives(units: NDArray[np.intp], lives: Floats, gate: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": "half-life",
        "name": f"by {gate} gate",
        "x": np.arange(1, len(units) + 1),
        "y": lives,
        "customdata": units + 1,
        "marker": {"color": GATES[gate], "size": 7},
        "hovertemplate": "unit %{customdata}: %{y:.3g} timesteps<extra></extra>",
    }


def _counted(lives: Floats, T: int) -> list[str]:
    known = lives[~np.isnan(lives)]
    told = [f"{int((known > T).sum())} of {len(lives)} beyond T"]
    endless = int(np.isinf(known).sum())
    lost = int((known == 0).sum()) + len(lives) - len(known)
    told += [f"{endless} ∞"] if endless else []
    return told + ([f"{lost} without"] if lost else [])


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)
