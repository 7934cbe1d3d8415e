"""The Lecture page: the list of lectures, and going through the slides of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import streamlit as st

from gradviz.lectures import Lecture, LectureError, find, load, names
from gradviz.ui import layout, slide, stage_runs
from gradviz.ui.session import in_fragment, session
from gradviz.ui.slide_bar import orders, slide_bar
from gradviz.ui.talk import STAGES, Talk
from gradviz.ui.words import plain


def page() -> Talk:
    """Draw the frame; what was asked for by buttons and keys is done before anything is shown."""
    talk = layout.lecture_page()
    st.html(Path(__file__).with_name("lecture.css"))
    if not in_fragment():
        obey()
    tidy(talk)
    return talk


def bar(talk: Talk) -> None:
    """Where the lecture stands, and the buttons and keys that go on."""
    slide_bar(
        handled=talk.handled,
        at=talk.at,
        of=len(talk.slides),
        notes=talk.notes,
        narrow=talk.narrow,
        on_orders=obey,
    )


def obey() -> None:
    """Do what the buttons and keys asked for, every order once."""
    # A page must be drawn afterwards. An order that comes with a fragment is sent again.
    if in_fragment():
        return
    talk = session().talk
    for number, order in orders(talk.handled):
        talk.handled = number
        if order in _ORDERS:
            _ORDERS[order](talk)


def _notes(talk: Talk) -> None:
    talk.notes = not talk.notes


def _narrow(talk: Talk) -> None:
    talk.narrow = True


def _wide(talk: Talk) -> None:
    talk.narrow = False


_ORDERS: Mapping[str, Callable[[Talk], None]] = MappingProxyType(
    {
        "next": lambda talk: talk.go(talk.at + 1),
        "previous": lambda talk: talk.go(talk.at - 1),
        "first": lambda talk: talk.go(1),
        "last": lambda talk: talk.go(len(talk.slides)),
        "notes": _notes,
        "narrow": _narrow,
        "wide": _wide,
    }
)


def tidy(talk: Talk) -> None:
    """End the runs of the slides that were left, and forget slides of another lecture."""
    state = session()
    shown = talk.stage_key if talk.lecture else ""
    for key, stage in list(state.stages.items()):
        if key.startswith(STAGES) and key != shown:
            stage_runs.close_runs(stage)
            stage.fresh = True
            if not key.startswith(f"{STAGES}{talk.name}_"):
                del state.stages[key]


def problems(talk: Talk) -> None:
    """What could not be opened, a sentence each."""
    for problem in talk.problems:
        st.warning(plain(problem), icon=":material/error:")


def shelf(talk: Talk) -> None:
    """The lectures there are, and what is wrong with those that cannot be given."""
    st.header("Lectures")
    problems(talk)
    for name in names():
        try:
            _card(name, load(find(name)))
        except LectureError as error:
            with st.container(border=True):
                st.markdown(f"**{plain(name)}** cannot be given:")
                for problem in error.problems:
                    st.error(plain(problem))
    st.caption(
        "A lecture is a YAML file in the folder lectures where gradviz was started, or in one that "
        "GRADVIZ_LECTURES names. docs/lectures.md says how to write one."
    )


def _card(name: str, lecture: Lecture) -> None:
    with st.container(border=True):
        st.subheader(plain(lecture.title), anchor=False)
        by = f" · {lecture.author}" if lecture.author else ""
        st.caption(plain(f"{len(lecture.slides)} slides{by} · ?lecture={name}"))
        st.button(
            "Start",
            key=f"start_{name}",
            icon=":material/slideshow:",
            on_click=_start,
            args=(name,),
            help=plain(lecture.title),
        )


def foot(talk: Talk) -> None:
    """To the slide's page, with all its settings, and back to the list."""
    stage = slide.stage_of(talk)
    with st.container(horizontal=True, vertical_alignment="center", key="foot"):
        if stage is not None:
            st.page_link(
                layout.path_of(stage.lesson),
                label=f"Open in {stage.lesson.title}",
                icon=stage.lesson.icon,
                query_params=layout.link_query(stage),
            )
        st.button("All lectures", key="shelf", icon=":material/list:", on_click=_end)


def _start(name: str) -> None:
    session().talk.open(name)


def _end() -> None:
    if not in_fragment():
        session().talk.end()
