"""What the gates of one sequence did, in words.

Nothing is said of a kind of cell: a default LSTM forgets half of its memory at every timestep
(SCIENCE trap 2), and its forget gates alone are not its gradient (trap 3).
"""

from __future__ import annotations

import math

import numpy as np

from gradviz.config import gateless
from gradviz.history import (
    CloseUp,
    Floats,
    Frame,
    History,
    half_lives,
    memory_gate,
    memory_paths,
)
from gradviz.reading.phrases import Level, Reading, number, ten_to, timesteps_of

FAINT, GREAT = -2.0, 2.0
"""log10 of the whole gradient over the sequence below and above which the reading warns."""

ALIKE = math.log10(2)
"""Decades within which the gate's path and the whole are called about as large."""


def read_gates(history: History, step: int | None = None) -> Reading:
    """Say of the close-up at a step how open the gates are and how long they keep; None: newest."""
    if history.is_memoryless:
        said = "It has no gates: nothing is carried from timestep to timestep."
        return Reading(sentences=[said], level="info")
    frame = history.frame_at(step)
    closeup = frame.closeup if frame else None
    if frame is None or closeup is None:
        return Reading(sentences=["No gates have been measured yet."], level="info")
    found, lives = memory_gate(closeup), half_lives(closeup)
    if found is None or lives is None:
        return Reading(sentences=[f"{gateless(history.config)}: pick LSTM or GRU."], level="info")
    name, gate = found
    if not np.isfinite(gate).all():
        return Reading(sentences=["The gates of this step are not all numbers."], level="error")
    path, level = _paths(frame, name)
    return Reading(
        sentences=[_open(closeup, name, gate), _halved(lives, len(gate)), *path], level=level
    )


def _open(closeup: CloseUp, name: str, gate_TH: Floats) -> str:
    """The mean of the gate that keeps, and its saturation."""
    value = number(float(gate_TH.mean()))
    mean = f"The {name} gates of {closeup.layer} are at {value} on average over this sequence"
    sides = closeup.saturation.get(name)
    if sides is None or not np.isfinite(sides).all():
        return f"{mean}."
    shut, wide = sides.mean(axis=0)
    return (
        f"{mean}; of all sequences' timesteps they are nearly shut (below 0.1) at {shut:.0%} and "
        f"nearly open (above 0.9) at {wide:.0%}."
    )


def _halved(lives: Floats, T: int) -> str:
    """The middle unit's half-life, of an even number the lower of two, so that it is a unit's."""
    middle = float(np.sort(lives)[(len(lives) - 1) // 2])
    beyond = int((lives > T).sum())
    many = f"{beyond} of {len(lives)} units" if beyond else f"none of {len(lives)} units"
    keeps = "keeps" if beyond < 2 else "keep"
    half = f"after {_lag(middle)}" if math.isfinite(middle) else "never"
    return (
        f"By these gates alone the middle unit's memory is halved {half}; {many} {keeps} half of "
        f"it for longer than the {T} of the sequence."
    )


def _lag(timesteps: float) -> str:
    words = number(timesteps)
    return f"{words} timestep{'' if words == '1' else 's'}"


def _paths(frame: Frame, name: str) -> tuple[list[str], Level]:
    """What the gates let through from t = 1 against the whole gradient, and where that flows."""
    paths = memory_paths(frame)
    if paths is None or not math.isfinite(paths.gate_log10[0]) or len(paths.gate_log10) < 2:
        return [], "info"
    gate, lag = float(paths.gate_log10[0]), timesteps_of(len(paths.gate_log10) - 1)
    alone = f"Over {lag} the {name} gates alone let {_power(gate)} through"
    whole = math.nan if paths.whole_log10 is None else float(paths.whole_log10[0])
    if not math.isfinite(whole):
        return [f"{alone}; the whole gradient was not measured."], "info"
    level: Level = "warning" if not FAINT <= whole <= GREAT else "info"
    if abs(whole - gate) < ALIKE:
        return [f"{alone}; the whole gradient is about as large, {_power(whole)}."], level
    than = "larger" if whole > gate else "smaller"
    return [
        f"{alone}; the whole gradient, {_power(whole)}, is {_power(abs(whole - gate))} times "
        f"{than}: it also flows through the gates' own inputs."
    ], level


def _power(exponent: float) -> str:
    """10 to the exponent, to two digits while a float can be that."""
    return number(10**exponent) if abs(exponent) < 300 else ten_to(exponent)
