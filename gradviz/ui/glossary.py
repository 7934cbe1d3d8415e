"""The glossary: every term of the pages with what it means and its equation."""

from __future__ import annotations

import streamlit as st

from gradviz.glossary import TERMS, Term
from gradviz.ui.words import plain

_SEARCH = "glossary_search"


def panel() -> None:
    """A button that opens the list."""
    with st.popover("Glossary", icon=":material/menu_book:", width="stretch"):
        _list()


@st.fragment
def _list() -> None:
    asked = st.text_input("Find a term", key=_SEARCH, placeholder="horizon").strip().lower()
    found = [
        term for term in TERMS.values() if asked in term.name.lower() or asked in term.text.lower()
    ]
    if not found:
        st.caption(plain(f"No term has “{asked}” in it."))
    # One element for all: a page that has sixty more to send is slower at every click.
    st.markdown("\n\n".join(_entry(term) for term in found))


def _entry(term: Term) -> str:
    return f"**{plain(term.name)}** — {plain(term.text)}\n\n$${term.equation}$$"
