"""The frame of every page: browser title, links between pages, where a URL is read."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import streamlit as st

from gradviz.ui.session import Session, runner, session

HOME = "app.py"
LIVE = "pages/live_training.py"
SELF_CHECK = "pages/self_check.py"


def page(title: str, path: str) -> Session:
    """Draw a page's frame; settings are read from the URL when the page is entered.

    Args:
        title: of the browser's tab.
        path: of the page's file, as in HOME and LIVE.
    """
    # An icon by name (":material/…") would be loaded from outside this machine.
    icon = resources.files("gradviz") / "data" / "icon.svg"
    st.set_page_config(
        page_title=f"{title} · gradviz", page_icon=icon.read_text("utf-8"), layout="wide"
    )
    st.html(Path(__file__).with_name("page.css"))
    runner()  # The workers import torch while the user reads.
    state = session()
    # Only here: between two reruns the browser may still send the query of the one before.
    if state.page != path:
        state.page = path
        state.fresh = True
        query = {name: st.query_params.get_all(name) for name in st.query_params}
        if query:
            state.take_query(query)
    with st.sidebar:
        st.page_link(HOME, label="Home", icon=":material/home:")
        st.page_link(
            LIVE,
            label="Live training",
            icon=":material/play_circle:",
            query_params=state.config.to_query(),
        )
        st.page_link(SELF_CHECK, label="Self-check", icon=":material/fact_check:")
    return state


def write_url(state: Session) -> None:
    """Keep every setting that differs from the default in the URL."""
    query = state.config.to_query()
    if query != {name: st.query_params[name] for name in st.query_params}:
        st.query_params.from_dict(query)
