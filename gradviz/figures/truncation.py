"""Truncated backpropagation by timestep: where each gradient stops, and that the state goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gradviz.config import RunConfig, Window
from gradviz.figures.palette import BLUE, GREEN, ORANGE
from gradviz.figures.style import MARGIN, figure
from gradviz.figures.traces import line
from gradviz.history import Frame, History, is_reversed

MOST_ROWS = 24
"""Backward passes that are drawn; of more an even choice with the last."""

NOT_TRUNCATED = "Nothing is truncated"


def truncation(history: History, step: int | None = None, theme: str = "light") -> go.Figure:
    """A line for each backward pass, from its last timestep back to where it stops; the state.

    Thick: the timesteps whose losses it takes; thin: those that it only goes back through. Above
    them the state's way, from what it begins with to the end. What the network itself would carry
    all the way, ‖∂s_T/∂s_1‖, is the measured transport of the layer that carries most.

    Args:
        history: the run.
        step: the scrub position; None is the newest frame.
        theme: "light" or "dark".
    """
    config = history.config
    windows = config.windows if isinstance(config, RunConfig) else ()
    if not isinstance(config, RunConfig) or not windows:
        return _figure([], facts="", rows=1, theme=theme, empty=NOT_TRUNCATED)
    shown = _chosen(_with_losses(windows))
    rows = list(range(1, len(shown) + 1))
    traces = [
        _state(config, len(rows) + 1),
        *_lines(shown, rows),
        _stops(shown, rows),
    ]
    facts = [_sizes(windows), *_measured(history.frame_at(step))]
    return _figure(traces, facts=" · ".join(facts), rows=len(rows) + 1, theme=theme)


def _figure(
    traces: list[dict[str, Any]], *, facts: str, rows: int, theme: str, empty: str = ""
) -> go.Figure:
    return figure(
        traces,
        meta={"axis": "timestep"},
        title="Where the gradient stops",
        facts=facts,
        x="timestep t",
        y="backward pass",
        # The legend takes two rows on a phone.
        margin=MARGIN | {"t": 96},
        theme=theme,
        yaxis={"range": [0.4, rows + 0.6], "showgrid": False, "showticklabels": False},
        empty=empty,
    )


def _chosen(windows: Sequence[Window]) -> list[Window]:
    stride = -(-len(windows) // MOST_ROWS)
    return list(windows[::-1][::stride][::-1])


def _state(config: RunConfig, row: int) -> dict[str, Any]:
    """From s_0 to s_T: a timestep before the first, and an arrow."""
    begun = "the batch before" if config.state == "stateful" else "zeros"
    ends = "to the next batch" if config.state == "stateful" else "to the end"
    hover = f"the state goes on, from {begun} {ends}<extra></extra>"
    own = {"marker": {"symbol": ["circle", "arrow-right"], "size": [7, 12], "color": GREEN}}
    return line([0, config.timesteps], np.full(2, row), "state", GREEN, uid="state", **own) | {
        "mode": "lines+markers",
        "hovertemplate": hover,
    }


def _with_losses(windows: Sequence[Window]) -> list[Window]:
    """Since their first loss: the only window of a task that is answered once has one, at T."""
    if len(windows) > 1:
        return list(windows)
    return [window._replace(since=window.end - 1) for window in windows]


def _lines(windows: Sequence[Window], rows: Sequence[int]) -> list[dict[str, Any]]:
    """All thick parts, and all thin ones, as one trace each."""
    own = [(window.since, window.end) for window in windows]
    through = [(window.first, window.since) for window in windows]
    hover = [_told(window) for window in windows]
    found = [_segments(own, rows, hover, "losses", 6.0)]
    if any(end > first for first, end in through):
        found.append(_segments(through, rows, hover, "through", 2.0))
    return found


def _told(window: Window) -> str:
    first, last = window.since + 1, window.end
    which = f"the loss of t = {last} goes" if first == last else f"losses of t = {first}…{last} go"
    return f"{which} back to t = {window.first + 1}"


def _segments(
    spans: Sequence[tuple[int, int]],
    rows: Sequence[int],
    hover: Sequence[str],
    name: str,
    width: float,
) -> dict[str, Any]:
    """Each from half a timestep before its first to half a one behind its last; gaps between."""
    drawn = [each for each in zip(spans, rows, hover, strict=True) if each[0][1] > each[0][0]]
    x = np.array([[first + 0.5, end + 0.5, np.nan] for (first, end), _, _ in drawn]).ravel()
    y = np.array([[row, row, np.nan] for _, row, _ in drawn]).ravel()
    text = [words for _, _, words in drawn for _ in range(3)]
    trace = line(x, y, name, BLUE, uid=name, text=text, hovertemplate="%{text}<extra></extra>")
    return trace | {"line": {"color": BLUE, "width": width}}


def _stops(windows: Sequence[Window], rows: Sequence[int]) -> dict[str, Any]:
    """A bar across at the beginning of each that does not begin at the first timestep."""
    stopped = [pair for pair in zip(windows, rows, strict=True) if pair[0].first]
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": "stops",
        "name": "stopped",
        "x": np.array([window.first + 0.5 for window, _ in stopped]),
        "y": np.array([row for _, row in stopped]),
        "marker": {"symbol": "line-ns-open", "size": 13, "color": ORANGE, "line": {"width": 2.5}},
        "text": [f"no gradient at t = {window.first} and before" for window, _ in stopped],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _sizes(windows: Sequence[Window]) -> str:
    last, drawn = windows[-1], len(_chosen(windows))
    every = f"k1 = {last.end - last.since}, " if len(windows) > 1 else ""
    some = f" · {drawn} of {len(windows)} drawn" if drawn < len(windows) else ""
    return f"{every}k2 = {last.end - last.first}{some}"


def _measured(frame: Frame | None) -> list[str]:
    if frame is None:
        return []
    known = [
        float(np.median(layer.transport_log10[0]))
        for name, layer in frame.layers.items()
        if layer.transport_log10 is not None and not is_reversed(name)
    ]
    if not known or np.isnan(known).all():
        return []
    most = float(np.nanmax(known))
    power = "0" if np.isneginf(most) else f"10<sup>{most:.1f}</sup>"
    return [f"‖∂s<sub>T</sub>/∂s<sub>1</sub>‖ = {power}"]
