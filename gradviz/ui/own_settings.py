"""Plain numbers that are a lesson's own: their ranges, their widgets, their part of the URL.

They are the fields of the frozen dataclass that is the lesson's `extra`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from gradviz.config.shown import shown
from gradviz.ui.lesson import Query
from gradviz.ui.stage import Stage
from gradviz.ui.widgets import bound

_PLACES = (1, 2, 5)
"""Of a decade, on a log slider."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """What one field may be, and its widget."""

    label: str
    low: float
    high: float
    help: str
    step: float = 1.0
    whole: bool = False
    width: int = 130
    """Pixels."""

    def read(self, text: str) -> float | None:
        """The number in a URL's words; None where it cannot be."""
        try:
            value = int(text) if self.whole else float(text)
        except (ValueError, OverflowError):
            return None
        return value if math.isfinite(value) and self.low <= value <= self.high else None

    @property
    def allowed(self) -> str:
        """In words."""
        return f"a {'whole ' if self.whole else ''}number, {self.low:g}…{self.high:g}"


Numbers = Mapping[str, Number]
"""A field's name, as in the URL, to what it may be."""


def take(numbers: Numbers, query: Query, default: Any) -> tuple[Any, list[str]]:
    """The default with what a URL asks for, and a sentence for each thing that cannot be."""
    changes, problems = {}, []
    for name in [name for name in numbers if name in query]:
        values, number = query[name], numbers[name]
        value = number.read(values[0]) if len(values) == 1 else None
        if value is not None:
            changes[name] = value
        elif len(values) == 1:
            got = shown(values[0])
            problems.append(f"{name} must be {number.allowed}, got {got}. The default is used.")
        else:
            problems.append(
                f"{name} must be given once, got {len(values)} values; the default is used."
            )
    return replace(default, **changes), problems


def unknown(query: Query, numbers: Numbers) -> list[str]:
    """A sentence for each name in a URL that no setting has."""
    return [
        f"There is no setting named {shown(name)}; it was ignored."
        for name in query
        if name not in numbers
    ]


def to_query(extra: Any, default: Any, numbers: Numbers) -> dict[str, str]:
    """The fields that differ from the default."""
    return {
        name: str(getattr(extra, name))
        for name in numbers
        if getattr(extra, name) != getattr(default, name)
    }


def number_input(stage: Stage, numbers: Numbers, name: str) -> None:
    """A box for a number."""
    number, kind = numbers[name], int if numbers[name].whole else float
    st.number_input(
        number.label,
        kind(number.low),
        kind(number.high),
        step=kind(number.step),
        format="%d" if number.whole else "%.7g",
        width=number.width,
        **_bound(stage, number, name),
    )


def slider(stage: Stage, numbers: Numbers, name: str) -> None:
    """A slider of even steps."""
    number = numbers[name]
    st.slider(
        number.label,
        float(number.low),
        float(number.high),
        step=number.step,
        width=number.width,
        **_bound(stage, number, name),
    )


def log_slider(stage: Stage, numbers: Numbers, name: str) -> None:
    """A slider of 1, 2, 5, 10, …; the present value is among them wherever it lies."""
    number = numbers[name]
    decades = range(math.floor(math.log10(number.low)), math.ceil(math.log10(number.high)) + 1)
    places = {float(f"{place}e{decade}") for decade in decades for place in _PLACES}
    inside = {place for place in places if number.low <= place <= number.high}
    st.select_slider(
        number.label,
        sorted(inside | {getattr(stage.extra, name)}),
        format_func=lambda value: f"{value:g}",
        width=number.width,
        **_bound(stage, number, name),
    )


def _bound(stage: Stage, number: Number, name: str) -> dict[str, Any]:
    def take(value: float) -> None:
        stage.take(stage.config, replace(stage.extra, **{name: value}))

    key = f"{stage.key}_{name}"
    return {**bound(key, getattr(stage.extra, name), take), "help": number.help}
