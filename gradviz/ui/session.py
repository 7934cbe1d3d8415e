"""One typed Session under one key of st.session_state, and the server's one Runner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime import exists as runtime_exists
from streamlit.runtime import get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from gradviz.runner import CheckProcess, Runner
from gradviz.ui.lesson import Lesson
from gradviz.ui.own_data import OwnData
from gradviz.ui.stage import Stage
from gradviz.ui.talk import Talk

_KEY = "gradviz"


@dataclass
class Session:
    """What one browser tab has set and started."""

    stages: dict[str, Stage] = field(default_factory=dict)
    """By page; a page's settings and runs stay while others are looked at."""
    page: str = ""
    """The page drawn last."""
    talk: Talk = field(default_factory=Talk)
    """The lecture that is given."""
    own: OwnData = field(default_factory=OwnData)
    """What was uploaded here."""
    hide: frozenset[str] = frozenset()
    """Parts of a page that its URL asked to leave out."""
    saves_all: bool = False
    """Whether every run that is trained here is saved."""
    ticked: tuple[int, ...] = ()
    """Saved runs that are ticked in their list."""
    deleted: tuple[int, ...] = ()
    """Saved runs deleted last, which can be brought back."""
    runs_problem: str = ""
    """A sentence on what could not be done with the saved runs last."""
    runs_taken: int = 0
    """Files of runs that were imported: each time the uploader is a new one, without the file."""
    export_asked: str = ""
    """Key of the stage whose pictures or runs are to be exported; empty as soon as that is open."""
    is_exporting: bool = False
    """Whether the form is open: a rerun of the whole page would shut it."""
    export_picture: str = ""
    """The picture that was asked for by its own button, until the form has it."""
    export_form: dict[str, Any] = field(default_factory=dict)
    """What the form held last: kind of file, size and look."""
    export_problem: str = ""
    """A sentence on why the last file could not be made."""
    checking: CheckProcess | None = None
    """The science checks that were run last, or are running."""
    check_slow: bool = False
    """Whether the trainings belong to the checks."""

    def stage(self, lesson: Lesson, key: str = "") -> Stage:
        """The stage of a lesson, made when it is first asked for.

        Args:
            lesson: what is shown there.
            key: of another stage for it than its page's own.
        """
        key = key or lesson.name
        found = self.stages.get(key)
        if found is None or found.lesson is not lesson:
            found = self.stages[key] = Stage(key=key, lesson=lesson, config=lesson.default)
        return found


def session() -> Session:
    """This tab's Session."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Session()
    found = st.session_state[_KEY]
    assert isinstance(found, Session)
    return found


def session_id() -> str:
    """Streamlit's name of this tab's connection."""
    context = get_script_run_ctx()
    return context.session_id if context else "none"


def in_fragment() -> bool:
    """Whether only a fragment is being rerun.

    A fragment that reruns by itself brings the browser's present values of *all* widgets. While
    the browser has yet to take a value that was set here (undo, a scenario), that is an old
    value: taken as the user's, it would undo the undo. And of a button outside the fragment it
    may bring a click whose own message is still to come. A true change outside the fragment
    always reruns the whole page.
    """
    context = get_script_run_ctx()
    return bool(context and context.fragment_ids_this_run)


def _is_active(owner: str) -> bool:
    # Outside a server (AppTest) there are no connections that could end.
    return not runtime_exists() or get_instance().is_active_session(owner)


@st.cache_resource(show_spinner=False)
def runner() -> Runner:
    """The server's registry of runs; its workers start with the first call."""
    return Runner(is_active=_is_active)
