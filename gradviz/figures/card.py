"""A run as a thumbnail: gradient norm by timestep at first and at last, and the loss.

A small SVG of its own, without scripts or links, in colours that read on white and on dark.
It carries the run's settings as <metadata>, so that a picture of other settings is found out.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from gradviz.config import RunConfig
from gradviz.figures.palette import BLUE, LOSS, ORANGE
from gradviz.history import Frame, History, crossing

WIDTH, HEIGHT = 320, 150
INK = "#767b87"
"""Of words and axes: 4:1 or more on white and on Streamlit's dark."""

MOST_POINTS = 90

MOST_DECADES = 20
"""Height of the gradient's axis at most; a line that falls deeper leaves the picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Panel:
    """A plot's rectangle and the numbers at its edges; y grows upwards."""

    left: float
    right: float
    top: float
    bottom: float
    x: tuple[float, float]
    y: tuple[float, float]

    def path(self, x: NDArray[Any], y: NDArray[Any], colour: str, **look: Any) -> str:
        """A line through the finite points, broken where y is not finite."""
        (x0, x1), (y0, y1) = self.x, self.y
        across = self.left + (x - x0) / max(x1 - x0, 1e-9) * (self.right - self.left)
        up = self.bottom - (y - y0) / max(y1 - y0, 1e-9) * (self.bottom - self.top)
        pieces, pen = [], "M"
        for here, there in zip(across, up, strict=True):
            if math.isfinite(there):
                pieces.append(f"{pen}{here:.1f} {there:.1f}")
            pen = "L" if math.isfinite(there) else "M"
        more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in look.items())
        return f'<path d="{"".join(pieces)}" stroke="{colour}" fill="none"{more}/>'

    def frame(self) -> str:
        """The left and the lower axis."""
        return (
            f'<path d="M{self.left} {self.top}V{self.bottom}H{self.right}" '
            f'stroke="{INK}" stroke-opacity="0.6" fill="none"/>'
        )


def card(history: History) -> str:
    """The thumbnail of a run with at least one frame, as SVG.

    Raises:
        ValueError: when nothing was measured.
    """
    if not history.frames:
        raise ValueError("a card needs a run with at least one measured step, got none")
    first, last = history.frames[0], _last_with_a_gradient(history.frames)
    config = history.config
    settings = config.to_query() if isinstance(config, RunConfig) else {}
    query = html.escape(urlencode(settings), quote=False)
    title = (
        f"Gradient norm by timestep at step {first.step} and at step {last.step}; "
        f"loss over {history.last_step} steps"
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" role="img" font-family="sans-serif" '
            f'font-size="13" fill="{INK}" stroke-width="2" stroke-linejoin="round">',
            f"<title>{title}</title>",
            f"<metadata>{query}</metadata>",
            *_gradients(first, last, history.symbol),
            *_loss(history),
            "</svg>\n",
        ]
    )


def _gradients(first: Frame, last: Frame, symbol: str) -> Iterable[str]:
    """The left plot: log10 of the mean norm by timestep, of the top layer."""
    lines = [_log_mean(frame) for frame in (first, last)]
    known = np.concatenate(lines)
    known = known[np.isfinite(known)]
    high = math.ceil(known.max()) if len(known) else 0
    low = max(min(math.floor(known.min()) if len(known) else 0, high - 1), high - MOST_DECADES)
    lines = [np.where(line >= low, line, np.nan) for line in lines]
    T = len(lines[0])
    panel = _Panel(left=44, right=198, top=26, bottom=112, x=(1, T), y=(low, high))
    t = np.arange(1, T + 1)
    yield _text(8, 15, f"gradient ‖∂L/∂{symbol}‖ by timestep")
    yield panel.frame()
    yield _text(panel.left - 4, panel.top + 9, _power(high), anchor="end")
    yield _text(panel.left - 4, panel.bottom, _power(low), anchor="end")
    yield _text(panel.left, panel.bottom + 14, "1")
    yield _text(panel.right, panel.bottom + 14, str(T), anchor="end")
    pair = crossing(last)
    if pair:
        middle = np.full(2, pair.encoder_timesteps + 0.5)
        yield panel.path(middle, np.array(panel.y), INK, stroke_dasharray="1 3")
    yield panel.path(t, lines[0], ORANGE, stroke_dasharray="3 2")
    yield _text(8, HEIGHT - 6, f"- - step {first.step:,}", colour=ORANGE)
    if last is not first:
        yield panel.path(t, lines[1], BLUE)
        yield _text(88, HEIGHT - 6, f"— step {last.step:,}", colour=BLUE)


def _loss(history: History) -> Iterable[str]:
    """The right plot: the loss by step, averaged to what the width can show; the floor dashed."""
    steps, losses = _averaged(history.column("step"), history.column("loss"))
    positive = losses[np.isfinite(losses) & (losses > 0)]
    log = len(positive) > 0 and positive.max() > 30 * positive.min()
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.log10(losses) if log else losses
        floor = np.log10(history.floor or np.nan) if log else (history.floor or np.nan)
    known = np.append(y, floor)
    known = known[np.isfinite(known)]
    low = 0.0 if not log else float(known.min())
    high = float(known.max()) if len(known) else 1.0
    span = (1.0, max(float(history.last_step), 2.0))
    panel = _Panel(left=226, right=312, top=26, bottom=112, x=span, y=(low, high))
    yield _text(226, 15, "loss (log)" if log else "loss", colour=LOSS)
    yield panel.frame()
    yield _text(panel.left, panel.bottom + 14, "1")
    yield _text(panel.right, panel.bottom + 14, f"step {history.last_step:,}", anchor="end")
    yield panel.path(np.array(span), np.full(2, floor), INK, stroke_dasharray="4 3")
    yield panel.path(steps, y, LOSS)
    ended = "infinite" if history.failure and history.failure.kind == "inf" else "NaN"
    words = f"{ended} at step {history.failure.step:,}" if history.failure else "- - floor"
    yield _text(panel.right, HEIGHT - 6, words, anchor="end")


def _last_with_a_gradient(frames: list[Frame]) -> Frame:
    """The newest frame with a gradient at half of the timesteps: after a burst there is none."""
    told = [frame for frame in frames if np.isfinite(_log_mean(frame)).mean() >= 0.5]
    return told[-1] if told else frames[-1]


def _log_mean(frame: Frame) -> NDArray[np.float64]:
    """log10 of the probes' mean norm, (T,), of the top layer; zeros left out, nan where all are.

    An encoder's timesteps come before its decoder's.
    """
    shown = crossing(frame) or next(reversed(frame.layers.values()))
    log10 = shown.hidden_grad_log10.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        total = np.power(10.0, log10).sum(axis=1)
        mean = np.log10(total / (log10 > -np.inf).sum(axis=1))
    return np.where(np.isfinite(mean), mean, np.nan)


def _averaged(steps: NDArray[Any], values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    size = max(1, math.ceil(len(values) / MOST_POINTS))
    starts = np.arange(0, len(values), size)
    counts = np.diff(np.append(starts, len(values)))
    with np.errstate(over="ignore", invalid="ignore"):
        means = np.add.reduceat(values, starts) / counts
    return np.add.reduceat(steps, starts) / counts, np.where(np.isfinite(means), means, np.nan)


def _text(x: float, y: float, words: str, *, anchor: str = "start", colour: str = INK) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}">{html.escape(words)}</text>'
    )


def _power(exponent: int) -> str:
    raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}"
