"""Which data a run learns from, where its task can learn from a user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gradviz.config import TASKS, RunConfig
from gradviz.ui.own_data import KIND_OF, YOUR_DATA, size_of
from gradviz.ui.session import session
from gradviz.ui.words import plain
from gradviz.uploads import MissingDataError, Shelf

if TYPE_CHECKING:
    from gradviz.ui.controls import Fields


def choice(fields: Fields) -> None:
    """The data that come with gradviz, or what this tab has put on the shelf; nothing of others."""
    config = fields.form.config
    own = TASKS[config.task].own_data
    if not own:
        return
    known = {each.id: each.name for each in session().own.kept() if KIND_OF[each.kind] == own}
    if config.data and config.data not in known:
        known[config.data] = _name_of(config.data)
    fields.choice(
        "data", options=["", *known], words=lambda data: known.get(data, "what comes with gradviz")
    )
    if config.data and not trouble(config):
        about = Shelf().about(config.data)
        st.caption(plain(f"{about.source} {size_of(about)}."))
    st.page_link(YOUR_DATA, label="Your data", icon=":material/upload_file:")


def trouble(config: RunConfig) -> str:
    """A sentence where the data of a run are not there, or of the wrong kind; else empty."""
    if not config.data:
        return ""
    try:
        about = Shelf().about(config.data)
    except MissingDataError as error:
        return str(error)
    wanted, got = TASKS[config.task].own_data, KIND_OF[about.kind]
    if got == wanted:
        return ""
    return (
        f"data must be a {wanted} for {config.task}, got the {got} {about.name}; choose a {wanted}."
    )


def _name_of(data_id: str) -> str:
    try:
        return Shelf().about(data_id).name
    except MissingDataError:
        return f"{data_id}: not here"
