"""The list of saved runs: find, name, tag, delete, give away, take in."""

from __future__ import annotations

import datetime
import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from gradviz.config import LIMITS, RecordedConfig, RunConfig, label_of, word_of
from gradviz.config.setups import is_used
from gradviz.store import RunInfo, Store, StoreError, copies, default_path, edits
from gradviz.ui import stills
from gradviz.ui.session import in_fragment, session
from gradviz.ui.widgets import bound
from gradviz.ui.words import plain

UNDO_S = 24 * 3600.0
"""How long a deleted run can be brought back."""

_FIND, _TABLE, _TAKEN = "runs_find", "runs_table", "runs_taken"


def heading() -> None:
    """Title and what the page is for."""
    st.header("Runs")
    st.caption(
        "Runs that were saved, here or by a script of your own: tick one to look at it again, up "
        "to four to compare them."
    )


def chosen() -> list[RunInfo]:
    """Draw the list; the runs that are ticked in it, the newest first."""
    try:
        runs = stills.infos()
    except StoreError as error:
        st.error(plain(str(error)))
        return []
    if not runs and not LIMITS.saving:
        st.info("No run is saved here; this server only shows those that are.")
        return []
    if not runs:
        st.info(
            "No run is saved yet. Press **Save this run** on any page that trains, or record "
            "your own training with `gradviz.Recorder`."
        )
        st.caption(plain(f"They are kept in {default_path()}."))
        return []
    found = matching(runs, st.text_input("Find", key=_FIND, placeholder="gru, a tag, a name …"))
    st.caption(plain(f"{len(found):,} of {len(runs):,} runs, in {default_path()}."))
    if not found:
        return []
    # A tick is kept by its line: of other lines it must be another table.
    lines = tuple(run.run_id for run in found)
    ticked: Any = st.dataframe(
        columns_of(found),
        key=f"{_TABLE}_{hash(lines)}",
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        column_config=_column_config(),
    )
    return [found[place] for place in ticked.selection.rows if place < len(found)]


def matching(runs: Sequence[RunInfo], text: str) -> list[RunInfo]:
    """The runs in whose name, tags, settings or layers all of the words are."""
    words = text.casefold().split()
    return [run for run in runs if all(word in _searched(run) for word in words)]


def settings_of(run: RunInfo) -> str:
    """What differs from the default run, in words; of a user's own model that model."""
    config = run.config
    if config is None:
        return "settings of another gradviz"
    if isinstance(config, RecordedConfig):
        own = [f"{name} {value}" for name, value in config.settings.items()]
        return " · ".join([config.model, *own])
    base = RunConfig()
    first = [word_of(config.cell), word_of(config.task)]
    names = [name for name in config.differences() if name not in ("cell", "task")]
    rest = [
        f"{label_of(name).split(' (')[0].lower()} {word_of(getattr(config, name), name)}"
        for name in names
        if is_used(config, name) and getattr(config, name) != getattr(base, name)
    ]
    return " · ".join([*first, *rest])


def columns_of(runs: Sequence[RunInfo]) -> dict[str, list[Any]]:
    """The table, a list a column."""
    return {
        "Name": [run.name for run in runs],
        "Settings": [settings_of(run) for run in runs],
        "Loss": [[each for each in run.losses if math.isfinite(each)] for run in runs],
        "Horizon": [_horizon(run) for run in runs],
        "Steps": [run.steps for run in runs],
        "When": [datetime.datetime.fromtimestamp(run.started) for run in runs],
        "Tags": [list(run.tags) for run in runs],
        "Layers": [", ".join(run.layers) for run in runs],
        "State": [_state(run) for run in runs],
    }


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
            lambda name: _change(lambda store: edits.rename(store, run.run_id, name)),
        ),
    )
    right.text_input(
        "Tags",
        placeholder="parted by commas",
        **bound(
            f"run_tags_{run.run_id}",
            ", ".join(run.tags),
            lambda tags: _change(lambda store: edits.tag(store, run.run_id, tags.split(","))),
        ),
    )


def delete_button(runs: Sequence[RunInfo]) -> None:
    """Delete the ticked runs; can be undone."""
    if not LIMITS.saving:
        return
    st.button(
        f"Delete {_count(runs)}",
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


def export_button(runs: Sequence[RunInfo]) -> None:
    """One file with the ticked runs, to give away."""
    ids = tuple(run.run_id for run in runs)
    st.download_button(
        f"Export {_count(runs)}",
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
                copies.take(store, path)
        except (StoreError, OSError) as error:
            state.runs_problem = str(error).replace(str(path), name)


def _exported(ids: Sequence[int]) -> bytes:
    with tempfile.TemporaryDirectory() as folder, stills.opened() as store:
        path = Path(folder) / "runs.db"
        if store is not None:
            copies.export(store, ids, path)
        return path.read_bytes()


def _change(change: Callable[[Store], object]) -> None:
    """Do something with the file; a sentence where it cannot be done."""
    session().runs_problem = ""
    try:
        with stills.opened() as store:
            if store is not None:
                change(store)
    except StoreError as error:
        session().runs_problem = str(error)


def _delete(ids: tuple[int, ...]) -> None:
    _change(lambda store: edits.purge(store, UNDO_S))
    _change(lambda store: edits.delete(store, ids))
    if not session().runs_problem:
        session().deleted = ids


def _restore() -> None:
    _change(lambda store: edits.restore(store, session().deleted))
    if not session().runs_problem:
        session().deleted = ()


def _searched(run: RunInfo) -> str:
    return " ".join([run.name, *run.tags, settings_of(run), *run.layers]).casefold()


def _horizon(run: RunInfo) -> str:
    if math.isnan(run.horizon):
        return "–"
    return f"{run.horizon:g}" if math.isfinite(run.horizon) else "beyond the first"


def _state(run: RunInfo) -> str:
    if run.failure:
        return run.failure
    return "ended" if run.ended else "going on, or cut off"


def _count(runs: Sequence[RunInfo]) -> str:
    return "this run" if len(runs) == 1 else f"{len(runs)} runs"


def _column_config() -> dict[str, Any]:
    column = st.column_config
    return {
        "Settings": column.TextColumn("Settings that differ", width="medium"),
        "Loss": column.LineChartColumn("Loss", width="small", y_min=0),
        "Horizon": column.TextColumn("Horizon", help="Timesteps back, of the top layer, at last."),
        "When": column.DatetimeColumn("When", format="YYYY-MM-DD HH:mm"),
        "Tags": column.ListColumn("Tags"),
    }
