"""What a user does with saved runs: name, tag, delete, take back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from gradviz.config import LIMITS
from gradviz.store import RunInfo, Store, StoreError, edits
from gradviz.ui import stills
from gradviz.ui.session import session
from gradviz.ui.widgets import bound
from gradviz.ui.words import plain


def edit(run: RunInfo) -> None:
    """Name and tags of one run."""
    if not LIMITS.saving:
        return
    left, right = st.columns(2)
    left.text_input(
        "Name",
        max_chars=edits.LONGEST_NAME,
        **bound(
            f"run_name_{run.run_id}",
            run.name,
            lambda name: change(lambda store: edits.rename(store, run.run_id, name)),
        ),
    )
    right.text_input(
        "Tags",
        placeholder="parted by commas",
        **bound(
            f"run_tags_{run.run_id}",
            ", ".join(run.tags),
            lambda tags: change(lambda store: edits.tag(store, run.run_id, tags.split(","))),
        ),
    )


def delete_button(runs: Sequence[RunInfo]) -> None:
    """Delete the ticked runs; can be undone."""
    if not LIMITS.saving:
        return
    st.button(
        f"Delete {count_of(runs)}",
        key="runs_delete",
        icon=":material/delete:",
        on_click=_delete,
        args=(tuple(run.run_id for run in runs),),
        help="Can be undone until tomorrow.",
    )


def undo() -> None:
    """What happened last, and the way back."""
    state = session()
    if state.runs_problem:
        st.error(plain(state.runs_problem))
    if state.deleted:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            count = len(state.deleted)
            st.markdown(f"Deleted {count} run{'s' if count > 1 else ''}.")
            st.button("Undo", key="runs_undo", icon=":material/undo:", on_click=_restore)


def change(change: Callable[[Store], object]) -> None:
    """Do something with the file; a sentence where it cannot be done."""
    session().runs_problem = ""
    try:
        with stills.opened() as store:
            if store is not None:
                change(store)
    except StoreError as error:
        session().runs_problem = str(error)


def count_of(runs: Sequence[RunInfo]) -> str:
    """Of a button."""
    return "this run" if len(runs) == 1 else f"{len(runs)} runs"


def _delete(ids: tuple[int, ...]) -> None:
    change(lambda store: edits.purge(store, edits.UNDO_S))
    change(lambda store: edits.delete(store, ids))
    if not session().runs_problem:
        session().deleted = ids


def _restore() -> None:
    change(lambda store: edits.restore(store, session().deleted))
    if not session().runs_problem:
        session().deleted = ()
