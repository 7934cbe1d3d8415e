"""Several set-ups as a table: in what they differ, and what was measured of each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradviz.config import RecordedConfig, RunConfig, label_of, word_of
from gradviz.config.setups import is_used
from gradviz.history import RECENT, Frame, History, crossing, solved_at
from gradviz.reading.phrases import number
from gradviz.reading.truncation import stopped_after

Runs = Mapping[str, Sequence[History]]
"""Label of a set-up → its histories, one a seed."""

NONE = "–"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Least, median and greatest over seeds."""

    low: float
    median: float
    high: float

    @classmethod
    def over(cls, values: Iterable[float | None]) -> Spread | None:
        """Of what is known; None where nothing is."""
        known = [value for value in values if value is not None]
        if not known:
            return None
        return cls(low=min(known), median=float(np.median(known)), high=max(known))

    def words(self) -> str:
        """The median, and the range where there is one: 540 (500…610)."""
        low, median, high = (number_of(each) for each in (self.low, self.median, self.high))
        return median if low == high else f"{median} ({low}…{high})"


@dataclass(frozen=True, kw_only=True, slots=True)
class SetupRow:
    """One set-up. Horizons, in timesteps back, are of the top layer's middle probe."""

    label: str
    settings: dict[str, str]
    """Only those in which the set-ups differ, in words."""
    seeds: int
    """Runs that have begun."""
    steps: int
    """The newest step of all seeds."""
    first_lag: int | None
    """Timesteps back to the first input, T − 1."""
    horizon_at_first: Spread | None
    horizon: Spread | None
    """inf where a gradient reaches the first input."""
    arriving: Spread | None
    """log10, of an encoder–decoder: the gradient at the encoder's t = 1 over the decoder's."""
    growth_log10: float | None
    """log10 ‖∂s_T/∂s_1‖, median over probes and seeds."""
    loss: Spread | None
    """Mean of the last RECENT steps, of the seeds that did not fail."""
    floor: float | None
    failed_at: tuple[int, ...]
    """The steps at which seeds failed."""
    solved: int
    """Seeds that solved the task."""
    steps_to_solve: Spread | None
    """Of these: the first step whose last RECENT losses are below `history.SOLVED` · floor."""
    stopped_after: int | None = None
    """Timesteps back at which truncation stops the gradient."""

    @property
    def share_of_floor(self) -> str:
        """The median loss against the floor: "102% of", "31 times"; empty where one is unknown."""
        if not self.loss or not self.floor:
            return ""
        share = self.loss.median / self.floor
        if share >= 10:
            return f"{number(share)} times"
        return "under 1% of" if share < 0.005 else f"{share:.0%} of"

    def cells(self) -> dict[str, str]:
        """Column title → words; the same columns for every set-up of a comparison."""
        share = f", {self.share_of_floor} floor" if self.share_of_floor else ""
        many = self.seeds > 1
        failed = f"{len(self.failed_at)} of {self.seeds}, " if many else ""
        steps = "…".join(f"{step:,}" for step in _ends(self.failed_at))
        return {
            "Set-up": self.label,
            **self.settings,
            "Horizon at first": self.horizon_at_first.words() if self.horizon_at_first else NONE,
            "Horizon now": self.horizon.words() if self.horizon else NONE,
            f"Loss, last {RECENT} steps": self.loss.words() + share if self.loss else NONE,
            "Failed": f"{failed}step {steps}" if self.failed_at else NONE,
            "Solved": f"{self.solved} of {self.seeds}" if self.floor and self.seeds else NONE,
            "Steps to solve": self.steps_to_solve.words() if self.steps_to_solve else NONE,
        }


def difference_table(runs: Runs, step: int | None = None) -> list[SetupRow]:
    """A row for each set-up, from the numbers through `step`; None is the newest."""
    given = {label: histories[0].config for label, histories in runs.items() if histories}
    settings = dict(zip(given, _differences(list(given.values())), strict=True))
    unknown = dict.fromkeys(next(iter(settings.values()), {}), NONE)
    return [
        _row(label, settings.get(label, unknown), histories, step)
        for label, histories in runs.items()
    ]


def number_of(value: float) -> str:
    """A number of the table: 540, 2,000, 0.167, ∞."""
    if math.isinf(value):
        return "∞"
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e9 else number(value)


def _row(
    label: str, settings: dict[str, str], histories: Sequence[History], step: int | None
) -> SetupRow:
    begun = [history for history in histories if history.last_step]
    failed = [_failed_at(history, step) for history in begun]
    solved = [solved_at(history, step) for history in begun]
    whole = [history for history, at in zip(begun, failed, strict=True) if at is None]
    measured = [history for history in begun if history.frames]
    first = [_known(history.frames[:1]) for history in measured]
    now = [_known([history.frame_at(step)]) for history in measured]
    newest = max((history.last_step for history in begun), default=0)
    lags = [len(history.frames[0].top_layer.hidden_grad_log10) - 1 for history in measured]
    grown = Spread.over(_growth(history.frame_at(step)) for history in measured)
    return SetupRow(
        label=label,
        settings=settings,
        seeds=len(begun),
        steps=newest if step is None else min(step, newest),
        first_lag=max(lags, default=None),
        horizon_at_first=Spread.over(first),
        horizon=Spread.over(now),
        arriving=Spread.over(_arriving(history.frame_at(step)) for history in measured),
        growth_log10=grown.median if grown else None,
        loss=Spread.over(_recent(history, step) for history in whole),
        floor=next((history.floor for history in begun if history.floor), None),
        failed_at=tuple(sorted(at for at in failed if at is not None)),
        solved=sum(at is not None for at in solved),
        steps_to_solve=Spread.over(solved),
        stopped_after=next(iter(map(stopped_after, (each.config for each in begun))), None),
    )


def _known(frames: Iterable[Frame | None]) -> float | None:
    """The horizon of the first of them in which it was measured."""
    horizons = (frame.top_layer.horizon for frame in frames if frame)
    return next((each for each in horizons if not math.isnan(each)), None)


def _arriving(frame: Frame | None) -> float | None:
    pair = crossing(frame)
    value = pair.arriving_log10 if pair else math.nan
    return None if math.isnan(value) else value


def _growth(frame: Frame | None) -> float | None:
    transport = frame.top_layer.transport_log10 if frame else None
    value = float(np.median(transport[0])) if transport is not None else math.nan
    return None if math.isnan(value) else value


def _recent(history: History, step: int | None) -> float | None:
    losses = history.column("loss", upto=step)[-RECENT:]
    known = len(losses) == RECENT and np.isfinite(losses).all()
    return float(losses.mean()) if known else None


def _failed_at(history: History, step: int | None) -> int | None:
    failure = history.failure
    return failure.step if failure and (step is None or failure.step <= step) else None


def _differences(configs: Sequence[RunConfig | RecordedConfig]) -> list[dict[str, str]]:
    """Of each, the settings that are not the same in all, in words."""
    given = [_settings(config) for config in configs]
    names = list(dict.fromkeys(name for each in given for name in each))
    differ = [
        name for name in names if any(_of(each, name) != _of(given[0], name) for each in given)
    ]
    return [
        {label_of(name): _word(config, name, each) for name in differ}
        for config, each in zip(configs, given, strict=True)
    ]


def _settings(config: RunConfig | RecordedConfig) -> dict[str, Any]:
    if isinstance(config, RunConfig):
        return config.to_dict()
    own = {"model": config.model, "dtype": config.dtype, "clip": config.clip}
    return own | dict(config.settings)


def _of(settings: Mapping[str, Any], name: str) -> tuple[bool, Any]:
    return name in settings, settings.get(name)


def _word(config: RunConfig | RecordedConfig, name: str, settings: Mapping[str, Any]) -> str:
    unused = isinstance(config, RunConfig) and name in settings and not is_used(config, name)
    return NONE if unused or name not in settings else word_of(settings[name], name)


def _ends(steps: tuple[int, ...]) -> list[int]:
    return sorted({min(steps), max(steps)}) if steps else []
