"""The Your data page's parts: what it is for, text or series, and what is kept."""

from __future__ import annotations

import streamlit as st

from gradviz.ui import layout, own_series, own_text
from gradviz.ui.lessons import LIVE_TRAINING
from gradviz.ui.own_data import Kind, OwnData, size_of
from gradviz.ui.session import Session, session
from gradviz.ui.widgets import bound
from gradviz.ui.words import plain
from gradviz.uploads import Shelf, ShelfError, Shelved
from gradviz.uploads.shelf import MOST_BYTES

KINDS: dict[Kind, str] = {"text": "A text", "series": "A series (CSV)"}


def heading() -> None:
    """What the page does, and who can see what is uploaded."""
    st.header("Your data")
    st.markdown(
        "Train on a text or a series of your own: upload it, look at what was read, and take it "
        "to **Live training**."
    )
    st.caption(
        "It stays on the machine that runs gradviz. Once you train on it, anyone with the link who "
        "uses this server sees its name and can train on it too; **Delete** removes it."
    )


def upload(state: Session) -> None:
    """An uploader, what was read, and buttons that take it to Live training."""
    st.radio(
        "What do you have?",
        list(KINDS),
        format_func=lambda name: KINDS[name],
        horizontal=True,
        **bound("own_kind", state.own.kind, _take_kind),
    )
    wanted = (own_text if state.own.kind == "text" else own_series).parts(state.own)
    if wanted is None:
        return
    stage = state.stage(LIVE_TRAINING)
    stage.take(wanted)
    st.switch_page(layout.path_of(LIVE_TRAINING), query_params=layout.link_query(stage))


def kept(own: OwnData) -> None:
    """What this tab has put on the shelf, and where that is."""
    st.subheader("Kept on this server", anchor=False)
    found = own.kept()
    for each in found:
        _entry(each)
    if own.kept_problem:
        st.error(plain(own.kept_problem))
    st.caption(
        plain(
            f"{'' if found else 'Nothing yet. '}What you train on is kept in {Shelf().folder} "
            f"until you delete it or newer data need its room ({MOST_BYTES / 2**20:g} MB for all "
            "users together). Only this tab lists it: after a reload, upload the same file, choose "
            "the same and train on it again to be able to delete it. Once deleted, it is read by "
            "no new run; what was read before stays in memory until newer data take its place or "
            "gradviz ends."
        )
    )


def _entry(each: Shelved) -> None:
    with st.container(border=True, key=f"kept_{each.id}"):
        st.markdown(plain(f"{each.source} {size_of(each)}."))
        st.button(
            "Delete",
            key=f"delete_{each.id}",
            icon=":material/delete:",
            on_click=_delete,
            args=(each.id,),
            help="Remove it from the machine that runs gradviz, for everybody.",
        )


def _take_kind(kind: Kind) -> None:
    session().own.kind = kind


def _delete(data_id: str) -> None:
    own = session().own
    try:
        own.forget(data_id)
        own.kept_problem = ""
    except ShelfError as error:
        own.kept_problem = str(error)
