"""Quantity: what the instrument can measure, in words that a page or a script can walk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gradviz.cells import MemoryLinearisation, UpdateLinearisation
from gradviz.flow.steps import going, plain

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow

Need = Literal["a plain RNN", "a memory", "an update gate", "gates", "recurrent weights"]

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
    needs: Need | None = None
    """What a cell must be or have, for this to be measured; None: every cell."""
    of: Literal["layer", "parameters"] = "layer"
    """Of one recurrent layer, or of all parameters of the model."""

    def __post_init__(self) -> None:
        unknown = [axis for axis in self.axes if axis not in AXES]
        if unknown:
            raise ValueError(f"axes must be of {', '.join(AXES)}, got {', '.join(unknown)}.")

    def fits(self, flow: LayerFlow) -> bool:
        """Whether a layer's cell has it."""
        steps = going(flow.steps)
        match self.needs:
            case "a plain RNN":
                return plain(steps) is not None
            case "a memory":
                return isinstance(steps, MemoryLinearisation)
            case "an update gate":
                return isinstance(steps, UpdateLinearisation)
            case "gates":
                return bool(flow.gates)
            case "recurrent weights":
                return flow.weight_hh is not None
        return True

    def __str__(self) -> str:
        cells = "" if self.needs is None else f", needs {self.needs}"
        axes = " × ".join(self.axes) or "one number"
        return f"{self.name} ({axes}; {self.cost}{cells}): {self.title} — {self.equation}"
