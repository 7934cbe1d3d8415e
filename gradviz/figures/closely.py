"""What the pictures of a close-up share: which one is shown, and what stands below the title."""

from __future__ import annotations

from collections.abc import Collection

from gradviz.config import CELLS, RunConfig
from gradviz.figures.gate_bands import no_gates
from gradviz.figures.memoryless import NO_STATE
from gradviz.figures.over_time import NOT_MEASURED
from gradviz.figures.wording import WAITING, escaped
from gradviz.history import CloseUp, History

LETTERS = {"input": "i", "forget": "f", "output": "o", "reset": "r", "update": "z", "highway": "r"}


def gate_words(gate: str, cell_gates: Collection[str]) -> str:
    """A gate's name and its letter in the cell's equations.

    A candidate is an LSTM's g, a GRU's n, or a QRNN's z, which has no input gate.
    """
    candidate = "n" if "reset" in cell_gates else "g" if "input" in cell_gates else "z"
    letter = LETTERS.get(gate) or candidate
    return f"{escaped(gate)} {letter}"


def closeup_at(history: History, step: int | None) -> CloseUp | None:
    """The close-up of the frame shown at a step."""
    frame = history.frame_at(step)
    return frame.closeup if frame else None


def facts_of(history: History, step: int | None, *more: str, sequence: bool = True) -> str:
    """Step, layer, sequence and what else is to say; empty without a close-up."""
    frame = history.frame_at(step)
    if frame is None or frame.closeup is None:
        return ""
    shown = frame.closeup
    of = f", #{shown.sequence}" if sequence else ""
    return " · ".join([f"step {frame.step:,}", f"{escaped(shown.layer)}{of}", *more])


def why_empty(history: History, step: int | None, *, gated: bool = False) -> str:
    """What to say in place of a picture; `gated`: of one that needs gates."""
    closeup = closeup_at(history, step)
    config = history.config
    rnn = isinstance(config, RunConfig) and not CELLS[config.cell].gates
    if history.is_memoryless:
        return NO_STATE if history.frames else WAITING
    if gated and (rnn or (closeup and not closeup.gates)):
        return no_gates(history)
    return NOT_MEASURED if history.frames else WAITING
