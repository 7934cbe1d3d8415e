"""The Home page's parts."""

from __future__ import annotations

from importlib import resources

import streamlit as st

from gradviz.scenarios import SCENARIOS, Scenario
from gradviz.ui import layout
from gradviz.ui.lesson import Lesson
from gradviz.ui.lessons import LESSONS
from gradviz.ui.stage import Stage

COLUMNS = 3


def welcome() -> None:
    """Three sentences on what this is."""
    st.title("gradviz")
    st.markdown(
        "Watch gradients flow through recurrent networks **while they train**. Every picture shows "
        "what was measured on PyTorch's own RNN, LSTM or GRU at that step: the whole gradient, "
        "through every path, timestep by timestep. Pick a scenario, press **Train**, and change "
        "one thing at a time."
    )
    st.page_link(
        layout.SELF_CHECK,
        label="Can these numbers be trusted? Check them on this machine.",
        icon=":material/fact_check:",
    )


def gallery() -> None:
    """The lessons' scenarios, a card each, with a picture of its gradients as once measured."""
    for lesson in LESSONS.values():
        scenarios = [each for each in SCENARIOS.values() if each.page == lesson.name]
        if scenarios:
            st.subheader(lesson.title, anchor=False)
        for start in range(0, len(scenarios), COLUMNS):
            columns = st.columns(COLUMNS)
            for column, scenario in zip(columns, scenarios[start : start + COLUMNS], strict=False):
                with column.container(border=True, height="stretch"):
                    _card(lesson, scenario)


def _card(lesson: Lesson, scenario: Scenario) -> None:
    picture = card_svg(scenario.name)
    if picture:
        st.image(picture, width="stretch", alt=_title(picture))
    stage = Stage(key="card", lesson=lesson, config=lesson.default)
    lesson.take_scenario(stage, scenario)
    st.page_link(
        layout.path_of(lesson),
        label=f"**{scenario.title}**",
        icon=lesson.icon,
        query_params=layout.link_query(stage),
        help=f"Open {lesson.title} with this scenario loaded.",
    )
    st.caption(scenario.text)


def _title(svg: str) -> str:
    """What a card says of itself."""
    return svg.split("<title>", 1)[1].split("</title>", 1)[0]


@st.cache_data(show_spinner=False)
def card_svg(name: str) -> str | None:
    """A scenario's picture, made by `python -m gradviz.cards` from a real run."""
    path = resources.files("gradviz") / "data" / "cards" / f"{name}.svg"
    return path.read_text("utf-8") if path.is_file() else None
