"""How far a gradient shrinks or grows by lag, and which theory that is close to, in words.

Only measured numbers and what theory gives for the measured weights: no cell is said to keep or
to lose its gradient because it is that cell.
"""

from __future__ import annotations

import math

import numpy as np

from gradviz.history import History
from gradviz.reading.phrases import Level, Reading, ten_to, timesteps_of
from gradviz.reading.truncation import stopped_after
from gradviz.theory.growth import Growth, growth

CLOSE = 0.3
"""Decades within which two factors are said to be about the same: a factor of 2."""

VANISHED, EXPLODED = -2.0, 2.0
"""log10 of the factor over all lags from which it is to worry about."""


def read_vanishing(history: History, step: int | None = None) -> Reading:
    """Transport over all lags, against ρ^k, the bound and mean field, at a step (None: newest)."""
    frame = history.frame_at(step)
    found = growth(history, frame) if frame else None
    if history.is_memoryless:
        said = "Nothing is carried from timestep to timestep, so there is no transport."
        return Reading(sentences=[said], level="info")
    if found is None:
        return Reading(sentences=["Nothing has been measured yet."], level="info")
    measured = _furthest(found)
    if measured is None:
        return Reading(sentences=["The transport of this step was not measured."], level="info")
    lag, log10 = measured
    if lag == 0:
        return _nothing_back(found)
    sentences = [
        _said(found, lag, log10, stopped_after(history.config)),
        *_linear(found, lag, log10),
        *_limits(found, lag, log10),
    ]
    return Reading(sentences=sentences, level="warning" if found.zero_from else _level(log10))


def _furthest(found: Growth) -> tuple[int, float] | None:
    """The longest lag at which the middle probe was measured, and its log10 there."""
    middle = found.middle_log10
    if middle is None or not np.isfinite(middle).any():
        return None
    lag = int(np.flatnonzero(np.isfinite(middle))[-1])
    return lag, float(middle[lag])


def _nothing_back(found: Growth) -> Reading:
    """Nothing but lag 0 has a logarithm."""
    if found.zero_from:
        said = "From 1 timestep back on the measured gradient is exactly zero."
        return Reading(sentences=[said], level="warning")
    if found.timesteps > 1:
        return Reading(sentences=["The transport of this step was not measured."], level="info")
    return Reading(sentences=["A sequence of one timestep carries nothing back."], level="info")


def _level(log10: float) -> Level:
    return "warning" if log10 <= VANISHED or log10 >= EXPLODED else "info"


def _said(found: Growth, lag: int, log10: float, stopped: int | None) -> str:
    """What was measured of the network, which the truncation of its training does not change."""
    middle = found.middle_log10
    assert middle is not None
    each = f", a factor of {10 ** (log10 / lag):.3g} a timestep on average"
    sentence = f"Over {timesteps_of(lag)} the measured gradient {_change(log10)}{each}"
    peak = int(np.nanargmax(middle))
    if middle[peak] > max(0.0, log10) + 0.3:
        between = f"; in between, {timesteps_of(peak)} back, it is {ten_to(float(middle[peak]))}"
        sentence += f"{between} times as large as at the end"
    if found.zero_from:
        sentence += f"; from {timesteps_of(found.zero_from)} back on it is exactly zero"
    if stopped is not None:
        sentence += f"; training's own is truncated {timesteps_of(stopped)} back"
    return f"{sentence}."


def _change(log10: float) -> str:
    told = ten_to(log10)
    if told == "1":
        return "ends as large as it began"
    return f"grows {told} times" if log10 > 0 else f"shrinks to {told} of itself"


def _linear(found: Growth, lag: int, log10: float) -> list[str]:
    """Against the linear network of the same ρ."""
    if not math.isfinite(found.linear) or found.linear <= 0:
        return []
    expected = lag * math.log10(found.linear)
    # Five digits: over sixty timesteps the fourth is worth two percent.
    gives = f"The linear network with the same ρ = {found.linear:.5g} gives {ten_to(expected)}"
    apart = log10 - expected
    if abs(apart) <= CLOSE:
        return [f"{gives}, about the same."]
    which = "less" if apart < 0 else "more"
    return [f"{gives}: the measured factor is {ten_to(abs(apart))} times {which}."]


def _limits(found: Growth, lag: int, log10: float) -> list[str]:
    """What the bound allows, and what mean field expects of the rms."""
    said = []
    if math.isfinite(found.bound) and found.bound > 0:
        allowed = lag * math.log10(found.bound)
        told = f"Pascanu's bound {ten_to(allowed)} "
        if log10 >= allowed - CLOSE:
            told += "is reached within a factor of 2"
        elif allowed < 0 and ten_to(allowed) != "1":
            told += "already promises that it shrinks"
        else:
            told += "only says that it cannot be more"
        said.append(told)
    rms = found.rms_log10
    if math.isfinite(found.mean_field) and found.mean_field > 0 and rms is not None:
        expected = lag * math.log10(found.mean_field)
        if lag < len(rms) and math.isfinite(rms[lag]):
            said.append(
                f"mean field gives {ten_to(expected)} for the rms, measured {ten_to(rms[lag])}"
            )
    if not said:
        return []
    told = "; ".join(said)
    return [f"{told[0].upper()}{told[1:]}."]
