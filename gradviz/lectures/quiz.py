"""Quizzes: a question whose answer is measured, whatever its author thought."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import Field, field_validator, model_validator

from gradviz.history import History
from gradviz.lectures.measures import MEASURES
from gradviz.lectures.shown import shown
from gradviz.lectures.strict import Line, MisfitError, Strict


class Option(Strict):
    """One answer, and the numbers for which it is right: at_least ≤ measured < below."""

    text: Line = Field(min_length=1, max_length=120)
    at_least: float | None = None
    """None: no lower end."""
    below: float | None = None
    """None: no upper end."""
    never: bool = False
    """Right where the measure has no number: the run did not fail, the horizon has no end."""

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        if self.never and (self.at_least is not None or self.below is not None):
            raise MisfitError("must have at_least and below, or never, got both.")
        if self.low >= self.high:
            raise MisfitError(
                f"must have at_least under below, got {self.at_least:g} and {self.below:g}."
            )
        return self

    @property
    def low(self) -> float:
        """at_least, −inf where it is left out."""
        return -math.inf if self.at_least is None else self.at_least

    @property
    def high(self) -> float:
        """below, +inf where it is left out."""
        return math.inf if self.below is None else self.below


class Quiz(Strict):
    """A question, what is measured, and the answers to choose from."""

    question: Line = Field(min_length=1, max_length=200)
    measure: str
    """A name of MEASURES."""
    options: tuple[Option, ...] = Field(min_length=2, max_length=6)
    after: int = Field(1, ge=1, le=100_000)
    """The step at which it is measured."""
    set_up: int = Field(1, ge=1, le=4)
    """Which set-up of a page with several is measured; 1 is the first."""

    @field_validator("measure")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in MEASURES:
            raise MisfitError(f"must be one of {', '.join(MEASURES)}, got “{shown(name)}”.")
        return name

    @model_validator(mode="after")
    def _exactly_one_is_right(self) -> Self:
        """Every number must be in one range and in no second."""
        nevers = [option for option in self.options if option.never]
        if len(nevers) > 1:
            raise MisfitError(f"must have one option with never, got {len(nevers)}.")
        if nevers and not MEASURES[self.measure].never:
            raise MisfitError(f"must have no option with never: {self.measure} is always a number.")
        ranges = sorted(self._ranges(), key=lambda each: each.low)
        end = -math.inf
        for option in ranges:
            if option.low != end or end == math.inf:
                gap = option.low > end
                low, high = (end, option.low) if gap else (option.low, min(end, option.high))
                raise MisfitError(_one_for_every_number("none" if gap else "two", low, high))
            end = option.high
        if end < math.inf or not ranges:
            raise MisfitError(_one_for_every_number("none", end, math.inf))
        return self

    def _ranges(self) -> list[Option]:
        return [option for option in self.options if not option.never]

    def answer(self, value: float) -> int:
        """The position of the option that is right for a measured value, which is not nan."""
        never = [position for position, option in enumerate(self.options) if option.never]
        if value == math.inf and never:
            return never[0]
        # The last that begins at or below the value: the ranges leave no gap.
        return max(
            (
                position
                for position, option in enumerate(self.options)
                if not option.never and option.low <= value
            ),
            key=lambda position: self.options[position].low,
        )


def _one_for_every_number(got: str, low: float, high: float) -> str:
    if low == high:
        span = "everywhere" if math.isinf(low) else f"at {low:g}"
    elif math.isinf(low):
        span = "everywhere" if math.isinf(high) else f"below {high:g}"
    else:
        span = f"from {low:g}" + ("" if math.isinf(high) else f" to {high:g}")
    return f"must have one option for every number, got {got} {span}."


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What was measured, and which option that makes right."""

    option: int | None
    """Its position, from 0; None while it is not decided."""
    value: float
    """nan while it is not decided."""
    sentence: str


def judge(quiz: Quiz, runs: Mapping[str, Sequence[History]], step: int | None = None) -> Verdict:
    """Which option is right, by what the runs measured at `quiz.after` steps.

    Of several seeds the middle one decides, of an even number the upper of two. A run that failed
    before is judged by what it was until then.

    Args:
        quiz: the question.
        runs: label of each set-up to its histories, one a seed.
        step: nothing later is looked at; None: the newest.
    """
    if quiz.set_up > len(runs):
        return _undecided(f"Set-up {quiz.set_up} is measured, but there are {len(runs)} here.")
    label = list(runs)[quiz.set_up - 1]
    histories = runs[label]
    come = min((_come(history, quiz.after, step) for history in histories), default=0)
    if come < quiz.after:
        return _undecided(f"It is measured after {_steps(quiz.after)}; this is step {come}.")
    measure = MEASURES[quiz.measure]
    values = sorted(measure.measure(history, quiz.after) for history in histories)
    if any(math.isnan(value) for value in values):
        return _undecided(f"The {quiz.measure.replace('_', ' ')} was not measured in this run.")
    value = values[len(values) // 2]
    right = quiz.answer(value)
    where = f" with {label}" if len(runs) > 1 and label else ""
    seeds = f", in the middle one of {len(values)} seeds" if len(values) > 1 else ""
    return Verdict(
        option=right,
        value=value,
        sentence=f"Measured after {_steps(quiz.after)}{where}{seeds}: {measure.words(value)}. "
        f"So it is “{quiz.options[right].text}”",
    )


def _come(history: History, after: int, step: int | None) -> int:
    """How far a run has come; a run that failed has come as far as it ever will."""
    failure = history.failure
    if failure and (step is None or failure.step <= step):
        return max(after, history.last_step)
    return history.last_step if step is None else min(history.last_step, step)


def _undecided(sentence: str) -> Verdict:
    return Verdict(option=None, value=math.nan, sentence=sentence)


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"
