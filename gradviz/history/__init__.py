"""StepRecord, Frame, History: what a training leaves behind, in NumPy only.

A *step* is one optimiser update, a *timestep* a position in the sequence. The trainer makes
StepRecords; one whose arrays were measured is reduced to a Frame, which is all the pictures
need; a History keeps the scalars of every step and as many frames as its memory allows.
"""

from __future__ import annotations

from gradviz.history.closeup import CloseUp, CloseUpRequest
from gradviz.history.crossing import Crossing, crossing
from gradviz.history.floats import Complexes, Floats
from gradviz.history.history import FRAME_BYTES, MAX_SCALARS, History
from gradviz.history.memory import MemoryPaths, half_lives, memory_gate, memory_paths
from gradviz.history.outcome import NEAR_ONE, RECENT, SOLVED, Outcome, outcome_of, solved_at
from gradviz.history.perplexity import perplexity_at
from gradviz.history.records import (
    SCALARS,
    Failure,
    FailureKind,
    Frame,
    LayerFrame,
    LayerRecord,
    StepRecord,
    is_reversed,
    scalars_of,
)

__all__ = [
    "FRAME_BYTES",
    "MAX_SCALARS",
    "NEAR_ONE",
    "RECENT",
    "SCALARS",
    "SOLVED",
    "CloseUp",
    "CloseUpRequest",
    "Complexes",
    "Crossing",
    "Failure",
    "FailureKind",
    "Floats",
    "Frame",
    "History",
    "LayerFrame",
    "LayerRecord",
    "MemoryPaths",
    "Outcome",
    "StepRecord",
    "crossing",
    "half_lives",
    "is_reversed",
    "memory_gate",
    "memory_paths",
    "outcome_of",
    "perplexity_at",
    "scalars_of",
    "solved_at",
]
