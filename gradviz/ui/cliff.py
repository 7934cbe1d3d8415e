"""What the cliff page asks for: where to start, how far a step may go, how many of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeGuard

import streamlit as st

from gradviz.theory import cliff
from gradviz.theory.cliff import B_SPAN, W_SPAN, Descent
from gradviz.ui import own_settings, training
from gradviz.ui.lesson import Query
from gradviz.ui.own_settings import Number, Numbers
from gradviz.ui.session import in_fragment
from gradviz.ui.stage import Stage


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """Two descents from one place: one is clipped, the other is not."""

    w: float
    b: float
    learning_rate: float
    clip_threshold: float
    steps: int


INTO_THE_WALL = Start(w=5.2, b=-2.3, learning_rate=0.1, clip_threshold=1.0, steps=300)
"""Forty quiet steps lead to the wall. One throws the unclipped descent out of the picture; the
clipped one comes down all the same."""

AT_THE_WALL = Start(w=5.0, b=-2.612341, learning_rate=0.01, clip_threshold=1.0, steps=20)
"""Where the wall of w = 5 is steepest."""

NUMBERS: Numbers = {
    "w": Number(
        label="Start w",
        low=W_SPAN[0],
        high=W_SPAN[1],
        step=0.05,
        width=125,
        help="The weight at which both descents start. A click in the contour sets it too.",
    ),
    "b": Number(
        label="Start b",
        low=B_SPAN[0],
        high=B_SPAN[1],
        step=0.01,
        width=155,
        help="The bias at which both descents start. A click in the contour sets it too.",
    ),
    "learning_rate": Number(
        label="Learning rate",
        low=1e-4,
        high=1.0,
        width=165,
        help="A step is the learning rate times the gradient.",
    ),
    "clip_threshold": Number(
        label="Clip threshold",
        low=0.01,
        high=100.0,
        width=165,
        help="The clipped descent shortens a longer gradient to this length.",
    ),
    "steps": Number(
        label="Steps",
        low=1,
        high=1000,
        step=50,
        whole=True,
        help="The most steps of a descent; it ends earlier where it leaves the picture.",
    ),
}


@lru_cache(maxsize=64)
def descents(start: Start) -> tuple[Descent, Descent]:
    """Without and with the clip."""
    place = start.w, start.b
    return (
        cliff.descend(place, start.learning_rate, None, start.steps),
        cliff.descend(place, start.learning_rate, start.clip_threshold, start.steps),
    )


def start_here(stage: Stage, point: dict[str, Any]) -> None:
    """A click in the contour, at the pointer's own place."""
    w, b = (point.get(axis) for axis in ("at_x", "at_y"))
    if point.get("picture") == "contour" and _is_number(w) and _is_number(b):
        stage.take(stage.config, replace(stage.extra, w=_within(w, W_SPAN), b=_within(b, B_SPAN)))


def take_query(stage: Stage, query: Query) -> None:
    """Set what a URL asks for; what cannot be is said and left as it is."""
    extra, problems = own_settings.take(NUMBERS, query, stage.lesson.extra)
    stage.take(stage.config, extra)
    stage.problems = problems + own_settings.unknown(query, NUMBERS)


def to_query(stage: Stage) -> dict[str, str | list[str]]:
    """What differs from the page's own start."""
    return {**own_settings.to_query(stage.extra, stage.lesson.extra, NUMBERS)}


def sidebar(stage: Stage) -> None:
    """Undo and defaults, and the unit's equations."""
    with st.sidebar:
        training.undo_and_defaults(stage)
        st.markdown("**The unit**")
        st.latex(
            r"\begin{gathered} x_t = w\,\sigma(x_{t-1}) + b, \\ x_0 = 0.5, \\ "
            r"E = (\sigma(x_{50}) - 0.7)^2 \end{gathered}"
        )
        st.caption(
            "Pascanu, Mikolov & Bengio (2013), §2.3. The dashed line is where the state stays at "
            "its start, b\\* = x₀ − w σ(x₀); for w above 4.26 that point repels."
        )


def heading(stage: Stage) -> None:
    """Title, what is seen, and settings that could not be taken."""
    with st.container(key="heading"):
        st.header(stage.lesson.title)
        st.markdown(stage.lesson.text)
        training.problems(stage)


def controls_on_top(stage: Stage) -> None:
    """Start, step, clip; below them two starts worth looking at."""
    with st.container(key="on_top", horizontal=True, vertical_alignment="bottom"):
        own_settings.number_input(stage, NUMBERS, "w")
        own_settings.number_input(stage, NUMBERS, "b")
        own_settings.log_slider(stage, NUMBERS, "learning_rate")
        own_settings.log_slider(stage, NUMBERS, "clip_threshold")
        own_settings.number_input(stage, NUMBERS, "steps")
    with st.container(key="starts", horizontal=True):
        _button(stage, "Into the wall", INTO_THE_WALL, "Forty quiet steps, then the wall.")
        _button(stage, "At the wall", AT_THE_WALL, "w = 5, where the wall is steepest.")


def _button(stage: Stage, label: str, start: Start, help_text: str) -> None:
    def press() -> None:
        if not in_fragment():
            stage.take(stage.config, start)

    key = f"cliff_{label}"
    st.button(label, key=key, on_click=press, disabled=stage.extra == start, help=help_text)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and abs(value) < math.inf


def _within(value: float, span: tuple[float, float]) -> float:
    """Inside the picture, with as many digits as a pointer has."""
    return round(min(max(value, span[0]), span[1]), 4)
