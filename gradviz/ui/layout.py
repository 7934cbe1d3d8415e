"""The frame of every page: browser title, links between pages, where a URL is read and written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib import resources
from pathlib import Path
from typing import Literal

import streamlit as st

from gradviz.config import RunConfig
from gradviz.ui import glossary, recordings
from gradviz.ui.lesson import Lesson, Query
from gradviz.ui.lessons import LESSONS
from gradviz.ui.own_data import YOUR_DATA
from gradviz.ui.session import Session, runner, session
from gradviz.ui.stage import Stage
from gradviz.ui.talk import Talk

HOME = "app.py"
LECTURE = "pages/lecture.py"
SELF_CHECK = "pages/self_check.py"

HIDDEN: Mapping[str, str] = {
    "sidebar": "[data-testid=stSidebar], [data-testid=stExpandSidebarButton]",
    "header": "[data-testid=stHeader]",
    "title": ".st-key-heading",
    "words": ".st-key-words",
    "train": "[data-part=train]",
    "scrub": "[data-part=scrub]",
    "terms": ".gv-terms",
    "export": ".gv-export, [class*=st-key-export_]",
}
"""What `?hide=` can leave out of a page, for lectures and pictures: name to what CSS hides."""


def page(title: str, path: str) -> Session:
    """Draw the frame of a page without runs.

    Args:
        title: of the browser's tab.
        path: of the page's file, as in HOME and SELF_CHECK.
    """
    state, _ = _frame(title, path)
    return state


def lesson_page(lesson: Lesson) -> Stage:
    """Draw the frame of a lesson's page; its settings are read from the URL when it is entered."""
    state, query = _frame(lesson.title, path_of(lesson))
    stage = state.stage(lesson)
    if query is not None:
        stage.fresh = True
        is_asked = "recorded" in query
        query = {name: values for name, values in query.items() if name != "recorded"}
        if query:
            lesson.take_query(stage, query)
        if is_asked and not stage.runs:
            recordings.ask(stage)
    recordings.offer(stage)
    return stage


def lecture_page() -> Talk:
    """Draw the frame of the lecture's page; the slide is read from the URL when it is entered."""
    state, query = _frame("Lecture", LECTURE, sidebar="collapsed")
    if query is not None:
        state.talk.take_query(query)
    return state.talk


def path_of(lesson: Lesson) -> str:
    """The file of a lesson's page."""
    return f"pages/{lesson.name}.py"


def write_url(stage: Stage) -> None:
    """Keep every setting that differs from the default in the URL."""
    write_query(link_query(stage))


def write_query(query: dict[str, str | list[str]]) -> None:
    """Make this the URL's query, and keep in it what is hidden."""
    if session().hide:
        query["hide"] = ",".join(sorted(session().hide))
    if query != {name: _one_or_all(st.query_params.get_all(name)) for name in st.query_params}:
        st.query_params.from_dict(query)


def link_query(stage: Stage) -> dict[str, str | list[str]]:
    """The query that opens a lesson's page with a stage's settings."""
    query = stage.lesson.to_query(stage)
    is_recorded = stage.recording and not stage.runs and not stage.lesson.opens_recorded
    if not query and (is_recorded or stage.lesson.default != RunConfig()):
        # Without settings the page would open with those that it has.
        query = {"task": stage.config.task}
    return query | {"recorded": "1"} if is_recorded else query


def _one_or_all(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _frame(
    title: str, path: str, sidebar: Literal["auto", "collapsed"] = "auto"
) -> tuple[Session, Query | None]:
    """The frame; the session, and the URL's query if the page has just been entered."""
    # An icon by name (":material/…") would be loaded from outside this machine.
    icon = resources.files("gradviz") / "data" / "icon.svg"
    st.set_page_config(
        page_title=f"{title} · gradviz",
        page_icon=icon.read_text("utf-8"),
        layout="wide",
        initial_sidebar_state=sidebar,
    )
    st.html(Path(__file__).with_name("page.css"))
    runner()  # The workers import torch while the user reads.
    state = session()
    query = None
    # Only here: between two reruns the browser may still send the query of the one before.
    if state.page != path:
        state.page, state.export_asked, state.is_exporting = path, "", False
        query = {name: st.query_params.get_all(name) for name in st.query_params}
        asked = ",".join(query.pop("hide", [])).split(",")
        state.hide = frozenset(asked) & frozenset(HIDDEN)
    hide(state.hide)
    with st.sidebar:
        _links(state)
    return state, query


def hide(parts: Collection[str]) -> None:
    """Leave parts of the page out, by their names in HIDDEN."""
    if parts:
        selectors = ", ".join(HIDDEN[name] for name in sorted(parts))
        st.html(f"<style>{selectors} {{ display: none !important; }}</style>")


def _links(state: Session) -> None:
    st.page_link(HOME, label="Home", icon=":material/home:")
    for name, lesson in LESSONS.items():
        stage = state.stages.get(name)
        st.page_link(
            path_of(lesson),
            label=lesson.title,
            icon=lesson.icon,
            query_params=link_query(stage) if stage else None,
        )
    st.page_link("pages/runs.py", label="Runs", icon=":material/inventory_2:")
    st.page_link(YOUR_DATA, label="Your data", icon=":material/upload_file:")
    st.page_link(
        LECTURE, label="Lecture", icon=":material/slideshow:", query_params=state.talk.to_query()
    )
    st.page_link(SELF_CHECK, label="Self-check", icon=":material/fact_check:")
    glossary.panel()
