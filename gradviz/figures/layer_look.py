"""How a layer's line looks, and which layer a picture of one shows.

Up to four have the house's colours; of more the colour says how deep a layer lies, and dashes that
it reads from the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradviz.config import RunConfig
from gradviz.figures.palette import BLUE, GREEN, GREY, LAYERS, ORANGE, PINK, RED
from gradviz.figures.traces import line
from gradviz.history import History, is_reversed

DEPTHS = (BLUE, "#0f93a6", GREEN, "#7d8f00", ORANGE, RED, PINK, "#a364d4")
"""From the lowest layer up, in the order of the hues: as many as a network may have."""

FEW = len(LAYERS)
"""Lines whose ranges can be seen beside each other."""

REVERSED = "dashdot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """Of one layer's line."""

    colour: str
    dash: str = "solid"
    group: str
    """Of the legend: both directions of a layer have one where there are many."""
    in_legend: bool = True
    has_band: bool = True
    """Whether the range over the sequences is drawn."""


def looks(names: Sequence[str]) -> dict[str, Look]:
    """By layer, lowest first."""
    if len(names) <= FEW:
        return {
            name: Look(colour=colour, group=name)
            for name, colour in zip(names, LAYERS, strict=False)
        }
    layers = list(dict.fromkeys(_layer(name) for name in names))
    colours = LAYERS if len(layers) <= FEW else DEPTHS
    return {
        name: Look(
            colour=colours[layers.index(_layer(name)) % len(colours)],
            dash=REVERSED if is_reversed(name) else "solid",
            group=_layer(name),
            in_legend=not is_reversed(name) or _layer(name) not in names,
            has_band=False,
        )
        for name in names
    }


def key_of_reversed(names: Sequence[str]) -> list[dict[str, Any]]:
    """An entry of the legend that says what the dashes mean, where they mean it."""
    if not any(look.dash == REVERSED for look in looks(names).values()):
        return []
    nothing = np.full(1, np.nan)
    return [line(nothing, nothing, "from the end", GREY, uid="reversed", dash=REVERSED)]


def layer_shown(history: History, asked: str | None) -> str:
    """The layer asked for, or the top one, read forward, of a history with frames.

    Raises:
        ValueError: when there is no such layer.
    """
    names = history.layer_names
    if asked is None:
        return next((name for name in names[::-1] if not is_reversed(name)), names[-1])
    config = history.config
    # In pre-training a layer may be asked for that does not run yet.
    if asked not in (*names, *(config.layer_names if isinstance(config, RunConfig) else ())):
        raise ValueError(f"layer must be one of {', '.join(names)}, got “{asked}”.")
    return asked


def _layer(name: str) -> str:
    """The layer that reads forward, of either direction."""
    return name.replace("_reverse", "")
