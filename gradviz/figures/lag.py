"""Transport by lag: what the network does to a gradient, and what theory says it does.

Index legend: T timesteps, N state size.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gradviz.figures.memoryless import why_none
from gradviz.figures.over_time import FLOAT32_FLOOR, NOT_MEASURED
from gradviz.figures.palette import BLUE, GREEN, ORANGE, RED
from gradviz.figures.style import MARGIN, figure
from gradviz.figures.traces import band, level, line
from gradviz.figures.wording import WAITING, count_of, escaped
from gradviz.history import Floats, Frame, History
from gradviz.theory.growth import Growth, growth
from gradviz.theory.linear import powers_log10

AT_LEAST = 6.0
"""Decades beyond the measured lines in which theory is drawn; more where those span more. So what
was measured fills a third of the picture, however far off a bound is."""


def transport_by_lag(
    history: History, step: int | None = None, *, theme: str = "light"
) -> go.Figure:
    """log10 ‖∂s_T/∂s_{T−k}‖ by lag k, beside the growth that theory gives; each that exists.

    The middle probe and the range of all. Theory: ρ^k, the linear network's (ρ the spectral
    radius of W_hh); the bound (γ‖W_hh‖₂)^k (Pascanu, Mikolov & Bengio 2013, §2.1); of a tanh
    network √χ₁^k (Chen, Pennington & Schoenholz 2018), which speaks of the rms ‖P‖_F/√N.

    Args:
        history: the run; the layer of its close-up, without one the top layer.
        step: the scrub position; None is the newest frame.
        theme: "light" or "dark".
    """
    frame = history.frame_at(step)
    found = growth(history, frame) if frame else None
    traces = _measured(found) if found else []
    if found and traces:
        traces += _theory(found, _sight(traces), single=history.config.dtype == "float32")
    return figure(
        traces,
        title="Transport by lag",
        facts=_facts(history, frame, found) if frame and found and traces else "",
        x="lag k",
        y="log10 ‖∂s<sub>T</sub>/∂s<sub>T−k</sub>‖",
        theme=theme,
        empty="" if traces else why_none(history, NOT_MEASURED) if frame else WAITING,
        meta={"axis": "lag"},
        height=350,
        # On a phone the legend takes two rows, with the floor three.
        margin=MARGIN | {"t": 82 + 17 * (len(traces) // 3)},
    )


def _measured(found: Growth) -> list[dict[str, Any]]:
    """The middle probe with the range, and the rms."""
    traces: list[dict[str, Any]] = []
    values, middle, rms = found.transport_log10, found.middle_log10, found.rms_log10
    if values is not None and middle is not None:
        low, high = values.min(axis=1), values.max(axis=1)
        traces.append(band(_lags(len(low)), low, high, BLUE, uid="band", group="measured"))
        own = {"legendgroup": "measured", "hovertemplate": _hover("measured")}
        traces.append(line(_lags(len(low)), middle, "measured", BLUE, uid="measured", **own))
    if rms is not None:
        hover = _hover("rms ‖P‖<sub>F</sub>/√N")
        thin = line(_lags(len(rms)), rms, "rms", GREEN, uid="rms", hovertemplate=hover)
        traces.append(thin | {"line": thin["line"] | {"width": 1.1}})
    return traces


def _theory(found: Growth, sight: tuple[float, float], *, single: bool) -> list[dict[str, Any]]:
    """ρ^k, the bound, mean field, 1/e, and the float32 floor where it is in sight."""
    most = found.timesteps - 1
    traces = [
        line(
            _lags(most + 1),
            _within(powers_log10(factor, most), sight),
            name,
            colour,
            uid=uid,
            dash=dash,
            hovertemplate=_hover(name),
        )
        for uid, name, factor, colour, dash in (
            ("linear", "ρᵏ linear", found.linear, ORANGE, "dash"),
            ("bound", "bound", found.bound, RED, "dot"),
            ("mean field", "mean field of rms", found.mean_field, GREEN, "dash"),
        )
        if math.isfinite(factor)
    ]
    ends = (0.0, float(max(most, 1)))
    traces.append(level(ends, -math.log10(math.e), "1/e", uid="1/e"))
    floor = math.log10(FLOAT32_FLOOR)
    if single and sight[0] < floor:
        hover = "float32 floor 1.2e-38<extra></extra>"
        look = {"dash": "dot", "hovertemplate": hover}
        traces.append(level(ends, floor, "float32 floor", uid="floor", **look))
    return traces


def _sight(traces: list[dict[str, Any]]) -> tuple[float, float]:
    """Between which heights theory is drawn."""
    values = np.concatenate([trace["y"][np.isfinite(trace["y"])] for trace in traces])
    low, high = float(values.min()), float(values.max())
    room = max(AT_LEAST, high - low)
    return low - room, high + room


def _within(values: Floats, sight: tuple[float, float]) -> Floats:
    return np.where((values >= sight[0]) & (values <= sight[1]), values, np.nan)


def _hover(name: str) -> str:
    return f"k = %{{x}}: {name} 10^%{{y:.2f}}<extra></extra>"


def _facts(history: History, frame: Frame, found: Growth) -> str:
    words = [f"step {frame.step:,}"]
    if len(history.layer_names) > 1:
        words.append(escaped(found.layer))
    if math.isfinite(found.linear):
        words.append(f"ρ = {found.linear:.3g}")
    if found.transport_log10 is not None:
        probes = found.transport_log10.shape[1]
        seen = "middle and range of " if probes > 1 else ""
        words.append(f"{seen}{count_of(probes, 'sequence')}")
    return " · ".join(words)


def _lags(length: int) -> NDArray[np.int32]:
    return np.arange(length, dtype=np.int32)
