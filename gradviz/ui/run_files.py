"""Files of runs: one to give away, one to take in, and the room that the app's own takes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from gradviz.config import LIMITS
from gradviz.store import RunInfo, Store, StoreError, copies, default_path, edits
from gradviz.store.room import Room, compact, in_bytes, room_of
from gradviz.ui import stills
from gradviz.ui.run_edits import change, count_of
from gradviz.ui.session import in_fragment, session
from gradviz.ui.words import plain

_TAKEN = "runs_taken"

LEAST_SHARE = 0.05
"""Of the file that is free, from which on it is offered to be given back."""


def export_button(runs: Sequence[RunInfo]) -> None:
    """One file with the ticked runs, to give away."""
    ids = tuple(run.run_id for run in runs)
    st.download_button(
        f"Export {count_of(runs)}",
        lambda: _exported(ids),
        file_name="gradviz-runs.db",
        mime="application/vnd.sqlite3",
        key="runs_export",
        icon=":material/download:",
        on_click="ignore",
        help="One file, which Import takes, and gradviz.store.Store reads.",
    )


def import_file() -> None:
    """Take in the runs of a file that was exported, or that a Recorder wrote."""
    if not LIMITS.saving:
        return
    with st.expander("Import runs", icon=":material/upload_file:"):
        state = session()
        given = st.file_uploader(
            "A file of gradviz's runs", type=["db"], key=f"{_TAKEN}_{state.runs_taken}"
        )
        if given is not None and not in_fragment():
            _take(given.name, given.getvalue())
            state.runs_taken += 1  # A new uploader, without the file.
            st.rerun()


def _take(name: str, content: bytes) -> None:
    state = session()
    state.runs_problem = ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given.db"
        path.write_bytes(content)
        try:
            default_path().parent.mkdir(parents=True, exist_ok=True)
            with Store(default_path(), timeout_s=stills.WAIT_S) as store:
                state.ticked = tuple(copies.take(store, path))
        except (StoreError, OSError) as error:
            state.runs_problem = str(error).replace(str(path), name)


def _exported(ids: Sequence[int]) -> bytes:
    with tempfile.TemporaryDirectory() as folder, stills.opened() as store:
        path = Path(folder) / "runs.db"
        if store is not None:
            copies.export(store, ids, path)
        return path.read_bytes()


def room() -> None:
    """How large the file is, and a button that gives back what it does not need."""
    try:
        with stills.opened() as store:
            found = room_of(store) if store else Room(size=0, free=0)
    except StoreError:
        return  # Which the list has said.
    if not found.size:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="runs_room"):
        free = f", of which {in_bytes(found.free)} are free" if found.free else ""
        st.caption(plain(f"{default_path()} takes {in_bytes(found.size)}{free}."))
        if LIMITS.saving and found.free > LEAST_SHARE * found.size:
            st.button(
                "Compact",
                key="runs_compact",
                icon=":material/compress:",
                on_click=_compact,
                help="Gives the disk back what deleted runs have left. Those of today can still "
                "be restored, and keep their room.",
            )


def _compact() -> None:
    change(lambda store: edits.purge(store, edits.UNDO_S))
    change(compact)
