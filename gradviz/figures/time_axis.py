"""The horizontal axis of pictures by timestep; of an encoder–decoder one axis for both.

Index legend: S timesteps of the encoder, T of the decoder.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.figures.marks import Mark
from gradviz.history import Crossing, Frame, crossing

TIMESTEP = "timestep t"
BOTH = "timestep t of the encoder, then of the decoder"
MOST_TICKS = 5
"""Of each half."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeAxis:
    """Where a layer's timesteps are drawn, and what the axis says."""

    title: str = TIMESTEP
    name: str = "timestep"
    """Pictures of one name share the pointer's place."""
    offsets: dict[str, int] = field(default_factory=dict)
    """Added to t, by layer; of a layer that is not named nothing."""
    ends: tuple[float, float] = (1.0, 2.0)
    marks: tuple[Mark, ...] = ()
    ticks: dict[str, Any] = field(default_factory=dict)
    """Of plotly's axis."""


def time_axis(frame: Frame | None) -> TimeAxis:
    """A decoder's timesteps follow its encoder's; other layers begin together at t = 1."""
    pair = crossing(frame)
    if pair is None:
        lengths = [len(each.hidden_grad_log10) for each in frame.layers.values()] if frame else []
        return TimeAxis(ends=(1.0, float(max(lengths, default=2))))
    names = [*pair.encoder, *pair.decoder]
    return TimeAxis(
        title=BOTH,
        name="place",
        offsets={name: pair.offset(name) for name in names},
        ends=(1.0, float(pair.timesteps)),
        marks=(bottleneck_mark(pair),),
        ticks=own_ticks(pair),
    )


def common_axis(frames: Iterable[Frame]) -> TimeAxis:
    """Of several runs: the encoder–decoders' axis where all are of the same lengths."""
    pairs = [crossing(frame) for frame in frames]
    lengths = {(each.encoder_timesteps, each.decoder_timesteps) if each else None for each in pairs}
    first = pairs[0] if len(lengths) == 1 else None
    if first is None:
        return TimeAxis()
    return TimeAxis(
        title=BOTH, name="place", marks=(bottleneck_mark(first),), ticks=own_ticks(first)
    )


def bottleneck_mark(pair: Crossing) -> Mark:
    """Between the encoder's last timestep and the decoder's first."""
    return Mark(x=pair.encoder_timesteps + 0.5, text="bottleneck")


def own_ticks(pair: Crossing) -> dict[str, Any]:
    """Each half counted from its own 1; the encoder's end is left free for the decoder's 1."""
    S, T = pair.encoder_timesteps, pair.decoder_timesteps
    every = _distance(max(S, T))
    places = [t for t in _numbers(S, every) if t <= S - every / 2]
    later = _numbers(T, every)
    return {
        "tickvals": [*places, *(S + t for t in later)],
        "ticktext": [str(t) for t in (*places, *later)],
    }


def own_timesteps(pair: Crossing) -> NDArray[np.int32]:
    """(S + T,) t of each place of the common axis."""
    halves = (pair.encoder_timesteps, pair.decoder_timesteps)
    return np.concatenate([np.arange(1, each + 1, dtype=np.int32) for each in halves])


def _numbers(timesteps: int, every: int) -> list[int]:
    return [1, *(t for t in range(every, timesteps + 1, every) if t > every / 2 and t > 1)]


def _distance(timesteps: int) -> int:
    """1, 2 or 5 times a power of ten, of which at most MOST_TICKS fit."""
    every = 1
    while MOST_TICKS * every < timesteps:
        every = every * 5 // 2 if str(every).startswith("2") else 2 * every
    return every
