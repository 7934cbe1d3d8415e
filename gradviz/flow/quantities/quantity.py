"""Quantity: what the instrument can measure, in words that a page or a script can walk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Cell = Literal["rnn", "lstm", "gru"]
CELLS: tuple[Cell, ...] = ("rnn", "lstm", "gru")

AXES = ("timestep", "sequence", "unit", "state", "side")
"""T, B, H and N of the layer; side is below 0.1, above 0.9."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantity:
    """One measured quantity; `measure(flow)` measures it with its defaults."""

    name: str
    """Of the attribute or method of LayerFlow."""
    title: str
    """What it is, in words."""
    equation: str
    """Unicode; the letters are those of docs/instrument.md."""
    paper: str
    """Authors, year and arXiv number, or the definition's origin."""
    unit: str
    """"1" for a plain number."""
    axes: tuple[str, ...]
    """Of its array, or of each one where there are several (by gate, kept and rest)."""
    cost: Literal["light", "dear"]
    """Light: about one more training step, or less. Dear: more, so it is asked for on probes."""
    measure: Callable[..., object] = field(repr=False)
    """From a LayerFlow, or from what `of` says; options by name."""
    cells: tuple[Cell, ...] = CELLS
    """Those that have it."""
    of: Literal["layer", "parameters"] = "layer"
    """Of one recurrent layer, or of all parameters of the model."""

    def __post_init__(self) -> None:
        unknown = [axis for axis in self.axes if axis not in AXES]
        if unknown:
            raise ValueError(f"axes must be of {', '.join(AXES)}, got {', '.join(unknown)}.")

    def __str__(self) -> str:
        cells = "" if self.cells == CELLS else f", {' and '.join(self.cells)} only"
        axes = " × ".join(self.axes) or "one number"
        return f"{self.name} ({axes}; {self.cost}{cells}): {self.title} — {self.equation}"
