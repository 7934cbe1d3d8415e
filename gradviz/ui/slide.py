"""One slide: its words, its quiz, and the stage on which its lesson's pictures are shown."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

from gradviz.config.setups import to_query
from gradviz.lectures import Slide
from gradviz.lectures.pages import WITHOUT_RUN
from gradviz.scenarios import SCENARIOS
from gradviz.ui import exports, layout, quiz, recordings, show
from gradviz.ui.lesson import Query
from gradviz.ui.lessons import LESSONS
from gradviz.ui.session import session
from gradviz.ui.stage import Stage
from gradviz.ui.talk import Talk
from gradviz.ui.words import plain

SCALE = 1.3
"""Of a slide's type and pictures."""

RUN = "Run it live"


def words(talk: Talk) -> None:
    """Title and the two sentences, in the lecture's language."""
    slide = talk.slide
    language = talk.lecture.language if talk.lecture else "en"
    with st.container(key="heading"):
        st.html(
            f'<div class="gv-slide" lang="{escape(language)}"><h1>{escape(slide.title)}</h1>'
            f"<p>{escape(slide.do)}</p><p>{escape(slide.look)}</p></div>"
        )


def notes(talk: Talk) -> None:
    """For the speaker; a key shows and hides them."""
    if talk.notes:
        with st.container(key="notes", border=True):
            st.caption("Speaker's notes · key N hides them")
            st.markdown(plain(talk.slide.notes or "There are none on this slide."))


def pictures(talk: Talk) -> None:
    """The lesson's pictures: of the recorded run at once, then live. A quiz is answered first."""
    slide, stage = talk.slide, stage_of(talk)
    if stage is None:
        st.info(plain(f"The page {slide.page} is not there, so this slide has no pictures."))
        return
    layout.hide(stage.hide)
    if slide.quiz is None or quiz.ask(talk, stage):
        show.show(stage, above=partial(quiz.verdict, talk))
        exports.opened_by_pictures(stage)


def stage_of(talk: Talk) -> Stage | None:
    """The slide's stage, as the lecture says it; None where there is no such page."""
    slide, state = talk.slide, session()
    lesson = LESSONS.get(slide.page)
    if lesson is None:
        return None
    known = talk.stage_key in state.stages
    stage = state.stage(lesson, talk.stage_key)
    if not known:
        _set(stage, slide)
    stage.scale = 1.0 if talk.narrow else SCALE
    _record(stage, may_be_seen=slide.quiz is None or talk.at in talk.revealed)
    if stage.recording or slide.quiz or slide.page in WITHOUT_RUN:
        stage.opens_at = 0
    else:
        stage.opens_at = lesson.opens_at or 1
    return stage


def _set(stage: Stage, slide: Slide) -> None:
    """All that a slide says of its stage."""
    scenario = SCENARIOS[slide.scenario] if slide.scenario else None
    if slide.page in WITHOUT_RUN:
        pass
    elif scenario and scenario.page == slide.page and not slide.settings and not slide.versus:
        stage.lesson.take_scenario(stage, scenario)
    else:
        stage.lesson.take_query(stage, _query(slide))
    stage.undo = []
    stage.only, stage.hide = slide.pictures, frozenset(slide.hide)
    stage.start, stage.until = RUN, slide.steps


def _query(slide: Slide) -> Query:
    """The slide's set-ups as a URL asks for them."""
    configs = list(slide.set_ups.values())
    # A page takes an empty query for its own default.
    task: Query = {"task": [configs[0].task]}
    return task | to_query(configs, slide.seeds)


def _record(stage: Stage, *, may_be_seen: bool) -> None:
    """Have the stage show the recorded run, as far as the slide trains."""
    name = recordings.covering(stage) if may_be_seen else ""
    if name == stage.recording:
        return
    stage.recording = name
    if name and not stage.runs:
        runs = recordings.runs_of(stage, name).values()
        last = max(history.last_step for each in runs for history in each)
        stage.scrub = stage.until if stage.until and stage.until < last else None
