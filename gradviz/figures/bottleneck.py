"""The gradient of an encoder–decoder: through the bottleneck, and by attention past it.

Index legend: S timesteps of the encoder, T of the decoder, P probe sequences.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.over_time import gradient_flow, has_zeros, norm_lines, powers, spread
from gradviz.figures.palette import GREEN
from gradviz.figures.style import figure, log_axis
from gradviz.figures.time_axis import time_axis
from gradviz.figures.traces import line
from gradviz.history import Crossing, Frame, History, crossing


def bottleneck(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """‖∂L/∂h_t‖ along the encoder's timesteps, then the decoder's; log axis.

    The line between them is the bottleneck: without attention all that reaches the encoder
    passes it. With attention a dashed line shows what came by the encoder's last state alone
    (Sutskever, Vinyals & Le 2014; Luong, Pham & Manning 2015). Of another network it is
    `gradient_flow`.

    Args:
        history: the run.
        step: the scrub position; None is the newest frame.
        theme: "light" or "dark".
    """
    frame = history.frame_at(step)
    pair = crossing(frame)
    if frame is None or pair is None:
        return gradient_flow(history, step, theme)
    axis = time_axis(frame)
    traces = [*norm_lines(history, frame, axis), *_by_bottleneck(pair)]
    zeros = [" · zeros left out"] if has_zeros(frame) else []
    return figure(
        traces,
        meta={"axis": axis.name},
        title="Gradient across the bottleneck",
        facts="".join([*_facts(frame, pair), *zeros]),
        x=axis.title,
        y=f"‖∂L/∂{history.symbol}<sub>t</sub>‖",
        theme=theme,
        marks=axis.marks,
        x_span=axis.ends,
        xaxis=axis.ticks,
        yaxis=log_axis(*(each["y"] for each in traces if isinstance(each["y"], np.ndarray))),
    )


def _by_bottleneck(pair: Crossing) -> list[dict[str, Any]]:
    """What reached the encoder's top layer by its last state alone, mean over the probes."""
    log10 = pair.by_bottleneck_log10
    if log10 is None:
        return []
    t = np.arange(1, len(log10) + 1, dtype=np.int32)
    mean = spread(powers(log10))[1]
    words = "bottleneck alone"
    hover = f"t = %{{x}}: {words} %{{y:.3g}}<extra></extra>"
    return [line(t, mean, words, GREEN, uid="alone", dash="dash", hovertemplate=hover)]


def _facts(frame: Frame, pair: Crossing) -> list[str]:
    """The step, and how far the state of each carries a gradient."""
    encoder, decoder = pair.tops
    told = [f"step {frame.step:,}"]
    if not math.isnan(encoder.horizon) and not math.isnan(decoder.horizon):
        words = (f"{_count(encoder.horizon)} in the encoder", f"{_count(decoder.horizon)} in the")
        told.append(f" · horizon {words[0]}, {words[1]} decoder")
    return told


def _count(horizon: float) -> str:
    return "∞" if math.isinf(horizon) else f"{int(horizon)}"
