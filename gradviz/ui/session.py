"""One typed Session under one key of st.session_state, and the server's one Runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime import exists as runtime_exists
from streamlit.runtime import get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from gradviz.config import ConfigError, RunConfig
from gradviz.runner import CheckProcess, Runner

_KEY = "gradviz"
UNDO_STEPS = 50


@dataclass
class Session:
    """What one browser tab has set and started."""

    config: RunConfig = field(default_factory=RunConfig)
    """The settings as the controls show them."""
    undo: list[RunConfig] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Sentences about settings that could not be taken; gone with the next change."""
    notice: str = ""
    """A sentence about what happened to the run; gone with the next run."""
    run_id: str | None = None
    started: RunConfig | None = None
    """What the run was opened with, its live changes included."""
    scrub: int | None = None
    """Step the pictures show; None follows the newest."""
    page: str = ""
    """The page drawn last."""
    active_at: float = -1e9
    """time.monotonic() when the run was last seen training, or last told to do something."""
    handled: int = 0
    """Number of the last order from the pictures' buttons that was obeyed."""
    sent: str = ""
    """The version of the pictures that went to the browser last."""
    fresh: bool = True
    """The next message must carry the pictures whole."""
    checking: CheckProcess | None = None
    """The science checks that were run last, or are running."""
    check_slow: bool = False
    """Whether the trainings belong to the checks."""

    def change(self, **settings: Any) -> bool:
        """Take new settings; False, with a sentence in `problems`, where they cannot be."""
        try:
            changed = self.config.replace(**settings)
        except ConfigError as error:
            self.problems = list(error.problems.values())
            return False
        self.take(changed)
        return True

    def take(self, config: RunConfig) -> None:
        """Set all settings at once; can be undone."""
        self.problems = []
        if config != self.config:
            self.undo = [*self.undo[-UNDO_STEPS:], self.config]
            self.config = config

    def undo_change(self) -> None:
        """Go back to the settings before the last change."""
        self.problems = []
        if self.undo:
            self.config = self.undo.pop()

    def take_query(self, query: Mapping[str, list[str]]) -> None:
        """Set the settings a URL asks for."""
        config, problems = RunConfig.from_query(query)
        self.take(config)
        self.problems = problems


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
