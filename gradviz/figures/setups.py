"""What all pictures of several set-ups share: a line a set-up, and a band over its seeds.

Index legend: R runs of one set-up, one a seed (or its probes), X places on the horizontal axis.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.figures.palette import SETUPS
from gradviz.figures.style import MARGIN
from gradviz.figures.traces import MOST_POINTS, band, line, thinned
from gradviz.figures.wording import escaped
from gradviz.history import Floats, History

Runs = Mapping[str, Sequence[History]]
"""Label of a set-up → its histories, one a seed."""

Column = tuple[NDArray[Any], Floats]
"""x and y of one run."""


BELOW: Mapping[str, Any] = MappingProxyType(
    {
        "height": 400,
        "margin": MARGIN | {"t": 58},
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": -0.22,
            "yanchor": "top",
            "font": {"size": 11},
            "itemwidth": 30,
        },
    }
)
"""The legend at the foot: labels are sentences' worth of words and take several rows on a phone,
where above the picture they would cover the title. plotly.js makes the margin as they need."""


def on_one_axis(columns: Sequence[Column], ends: Sequence[float]) -> tuple[NDArray[Any], Floats]:
    """Runs that were measured at different steps: x (X,) and values (R, X).

    x is every step at which one of them was measured. A value holds until the next, as when a
    page is scrubbed; nothing is interpolated, for no such number was measured.

    Args:
        columns: of each run, x rising.
        ends: of each run, the last x at which its newest value still holds; nan follows.
    """
    longest = max((x for x, _ in columns), key=len, default=np.empty(0))
    alike = all(np.array_equal(x, longest[: len(x)]) for x, _ in columns)
    axis = longest if alike else np.unique(np.concatenate([x for x, _ in columns]))
    values = np.full((len(columns), len(axis)), np.nan)
    for target, (x, y), end in zip(values, columns, ends, strict=True):
        index = np.searchsorted(x, axis, side="right") - 1
        held = (index >= 0) & (axis <= end)
        target[held] = y[index[held]]
    return axis, values


def median_of(values_RX: Floats) -> Floats:
    """Median of what is not nan, (X,); of an even number the mean of the middle two."""
    ordered = np.sort(values_RX, axis=0)  # nan comes last
    count = np.count_nonzero(~np.isnan(ordered), axis=0)
    if not len(ordered):
        return np.full(values_RX.shape[1], np.nan)
    pair = np.stack([np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(ordered) - 1)])
    low, high = np.take_along_axis(ordered, pair, axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        middle: Floats = np.where(low == high, low, low + (high - low) / 2)
    return middle


def drawn(
    place: int, label: str, x: NDArray[Any], values_RX: Floats, *, hover: str, top: float = math.inf
) -> list[dict[str, Any]]:
    """The line of one set-up; of several runs their median, and a band from least to greatest.

    A long run's band is that of its buckets of neighbouring steps, so that no seed's spike is lost.

    Args:
        place: of the set-up among them, which decides its colour.
        label: its words.
        x: places on the horizontal axis.
        values_RX: nan where a run has no value.
        hover: what stands beside the name.
        top: where an infinite value is drawn.
    """
    colour, several = SETUPS[place % len(SETUPS)], len(values_RX) > 1
    dash = "solid" if place < len(SETUPS) else "6px,2px"  # A colour that is taken, told apart.
    # Four-byte steps: they are half of what is sent.
    x = x.astype(np.int32)
    traces = []
    if several:
        edges = _envelope(x, np.fmin.reduce(values_RX), np.fmax.reduce(values_RX))
        low, high = (np.where(np.isinf(edge), top, edge) for edge in edges[1:])
        traces.append(band(edges[0], low, high, colour, uid=f"band-{place}", group=str(place)))
        chosen = np.unique(np.linspace(0, max(len(x) - 1, 0), MOST_POINTS).astype(int))[: len(x)]
        x, middle = x[chosen], median_of(values_RX[:, chosen])
    else:
        x, middle = thinned(x, values_RX[0] if len(values_RX) else np.empty(0))
    # The name by reference: a label's own %{…} would be read as a template.
    hover = f"%{{fullData.name}}, {hover}<extra></extra>"
    middle = np.where(np.isinf(middle), top, middle)
    own = {"legendgroup": str(place), "hovertemplate": hover, "dash": dash}
    return [*traces, line(x, middle, escaped(label), colour, uid=f"setup-{place}", **own)]


def _envelope(x: NDArray[Any], low: Floats, high: Floats) -> tuple[NDArray[Any], Floats, Floats]:
    """At most MOST_POINTS / 2 places, each with the least and the greatest of its bucket."""
    most = MOST_POINTS // 2
    if len(x) <= most:
        return x, low, high
    size = math.ceil(len(x) / most)
    starts = np.arange(0, len(x), size)
    middles = np.minimum(starts + size // 2, len(x) - 1)
    middles[0], middles[-1] = 0, len(x) - 1
    return x[middles], np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)


def every(runs: Runs) -> Iterator[History]:
    """The histories of all set-ups."""
    return (history for histories in runs.values() for history in histories)


def seeds_seen(runs: Runs) -> str:
    """What a line and its band are, and how many runs failed."""
    counts = [len(histories) for histories in runs.values() if len(histories)]
    if not counts:
        return ""
    failed = sum(history.failure is not None for history in every(runs))
    each = " each" if len(counts) > 1 else ""
    seeds = f"median, range of {span_of(counts)} seeds" if max(counts) > 1 else f"one seed{each}"
    return f"{seeds} · {failed} of {sum(counts)} failed" if failed else seeds


def lengths_seen(timesteps: Iterable[int]) -> list[str]:
    """The numbers of timesteps, where they are not all the same."""
    lengths = set(timesteps)
    return [f"T = {span_of(lengths)}"] if len(lengths) > 1 else []


def span_of(numbers: Collection[int]) -> str:
    """Least and greatest: 3, 3…5."""
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,}…{high:,}"


def steps_seen(steps: Collection[int]) -> str:
    """The step that is shown, or the span of those: step 31, steps 31…500."""
    return f"step{'s' if min(steps) < max(steps) else ''} {span_of(steps)}"
