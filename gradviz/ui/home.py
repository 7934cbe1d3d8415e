"""The Home page's parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradviz.scenarios import SHELVES, Scenario, on_page
from gradviz.ui import layout
from gradviz.ui.lesson import Lesson
from gradviz.ui.lessons import LESSONS, LIVE_TRAINING
from gradviz.ui.own_data import YOUR_DATA
from gradviz.ui.stage import Stage

COLUMNS = 3

Thing = TypeVar("Thing")


def welcome() -> None:
    """Three sentences on what this is."""
    st.title("gradviz")
    st.markdown(
        "Watch gradients flow through recurrent networks **while they train**. Every picture shows "
        "what was measured at that step, on PyTorch's own RNN, LSTM and GRU or on one of the "
        "other cells: the whole gradient, through every path, timestep by timestep. "
        "Pick a scenario, press **Train**, and change one thing at a time."
    )
    st.page_link(
        layout.LECTURE,
        label="In front of a class? Take the lecture, slide by slide.",
        icon=":material/slideshow:",
    )
    st.page_link(
        YOUR_DATA,
        label="A text or a CSV of your own? Train on it.",
        icon=":material/upload_file:",
    )
    st.page_link(
        layout.SELF_CHECK,
        label="Can these numbers be trusted? Check them here.",
        icon=":material/fact_check:",
    )


def forward() -> None:
    """Lead `/?lecture=…` to the lecture's page."""
    if "lecture" in st.query_params:
        query = {name: st.query_params.get_all(name) for name in st.query_params}
        st.switch_page(layout.LECTURE, query_params=query)


def lessons() -> None:
    """A card for each lesson: what it makes visible, and the scenarios it opens with."""
    st.subheader("Lessons", anchor=False)
    shown = [lesson for lesson in LESSONS.values() if lesson is not LIVE_TRAINING]
    for column, lesson in _in_columns(shown):
        with column:
            st.page_link(layout.path_of(lesson), label=f"**{lesson.title}**", icon=lesson.icon)
            st.caption(lesson.text)
            for scenario in on_page(lesson.name).values():
                _link(lesson, scenario, scenario.title)


def gallery() -> None:
    """A card for each scenario of Live training, with a picture of its gradients as measured."""
    st.subheader("Live training", anchor=False)
    shelves: dict[str, list[Scenario]] = {}
    for scenario in on_page("live_training").values():
        shelves.setdefault(SHELVES[scenario.shelf], []).append(scenario)
    for tab, scenarios in zip(st.tabs(list(shelves)), shelves.values(), strict=True):
        with tab:
            _shelf(scenarios)


def _shelf(scenarios: Sequence[Scenario]) -> None:
    for column, scenario in _in_columns(scenarios):
        with column:
            picture = card_svg(scenario.name)
            if picture:
                st.image(picture, width="stretch", alt=_title(picture))
            _link(LIVE_TRAINING, scenario, f"**{scenario.title}**")
            st.caption(scenario.text)


def _in_columns(things: Sequence[Thing]) -> Iterator[tuple[DeltaGenerator, Thing]]:
    """Each thing with a card to draw it in."""
    for start in range(0, len(things), COLUMNS):
        row = things[start : start + COLUMNS]
        for column, thing in zip(st.columns(COLUMNS), row, strict=False):
            yield column.container(border=True, height="stretch"), thing


def _link(lesson: Lesson, scenario: Scenario, label: str) -> None:
    stage = Stage(key="card", lesson=lesson, config=lesson.default)
    lesson.take_scenario(stage, scenario)
    st.page_link(
        layout.path_of(lesson),
        label=label,
        icon=":material/play_circle:",
        query_params=layout.link_query(stage),
        help=f"Open {lesson.title} with this scenario loaded.",
    )


def _title(svg: str) -> str:
    """What a card says of itself."""
    return svg.split("<title>", 1)[1].split("</title>", 1)[0]


@st.cache_data(show_spinner=False)
def card_svg(name: str) -> str | None:
    """A scenario's picture, made by `python -m gradviz.cards` from a real run."""
    path = resources.files("gradviz") / "data" / "cards" / f"{name}.svg"
    return path.read_text("utf-8") if path.is_file() else None
