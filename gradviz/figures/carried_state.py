"""The state that batches hand on: how large it is where each begins.

Index legend: F frames, P probe sequences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.layer_look import FEW, Look, looks
from gradviz.figures.over_training import marks_of
from gradviz.figures.style import figure
from gradviz.figures.traces import band, line
from gradviz.figures.wording import WAITING, count_of, escaped
from gradviz.history import Floats, Frame, History

COLUMNS = 400
"""Most frames that are drawn."""

NOT_CARRIED = "So far every sequence began with zeros"


def carried_state(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """‖s_0‖ by step: mean and range over the probes, a line a layer; 0 where the walk begins anew.

    Args:
        history: the run; all of it is drawn.
        step: the scrub position, marked by a line.
        theme: "light" or "dark".
    """
    frames = history.frames_upto(most=COLUMNS)
    norms = {name: _norms(frames, name) for name in history.layer_names}
    is_carried = any(np.nanmax(each, initial=0.0) > 0 for each in norms.values())
    traces: list[dict[str, Any]] = []
    steps = np.array([frame.step for frame in frames], np.int32)
    own = looks(list(norms))
    for name, norms_FP in norms.items() if is_carried else ():
        traces += _lines(steps, norms_FP, name, own[name])
    return figure(
        traces,
        meta={"axis": "step"},
        title="The state that is carried over",
        facts=_facts(frames, norms) if traces else "",
        x="step",
        y="‖s<sub>0</sub>‖₂",
        theme=theme,
        yaxis={"rangemode": "tozero"},
        marks=marks_of(history, step),
        x_span=(1.0, max(float(frames[-1].step), 2.0)) if frames else (1.0, 2.0),
        empty="" if traces else NOT_CARRIED if frames else WAITING,
    )


def _norms(frames: list[Frame], name: str) -> Floats:
    """(F, P); nan where it was not measured."""
    found = [frame.layers[name].start_norm if name in frame.layers else None for frame in frames]
    most = max((len(each) for each in found if each is not None), default=1)
    norms = np.full((len(frames), most), np.nan, np.float32)
    for row, each in zip(norms, found, strict=True):
        if each is not None:
            row[: len(each)] = each
    return norms


def _lines(steps: Any, norms_FP: Floats, name: str, look: Look) -> list[dict[str, Any]]:
    known = np.isfinite(norms_FP)
    count = np.maximum(known.sum(axis=1), 1)
    gap = np.where(known.any(axis=1), 1.0, np.nan)
    mean = np.where(known, norms_FP, 0).sum(axis=1) / count * gap
    low = np.where(known, norms_FP, np.inf).min(axis=1) * gap
    high = np.where(known, norms_FP, -np.inf).max(axis=1) * gap
    name = escaped(name)
    hover = f"step %{{x:,}}: {name} ‖s_0‖ = %{{y:.3g}}<extra></extra>"
    drawn = line(steps, mean, name, look.colour, uid=name, legendgroup=name, hovertemplate=hover)
    if not look.has_band:
        return [drawn]
    return [band(steps, low, high, look.colour, uid=f"band-{name}", group=name), drawn]


def _facts(frames: list[Frame], norms: dict[str, Floats]) -> str:
    probes = next(iter(norms.values())).shape[1]
    begun = sum(not np.nanmax(each, initial=0.0) for each in next(iter(norms.values())))
    anew = f" · {begun} of {len(frames)} frames begin with zeros" if begun else ""
    seen = "mean and range" if len(norms) <= FEW else "mean"
    return f"{seen} of {count_of(probes, 'sequence')}{anew}"
