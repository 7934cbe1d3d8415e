"""The list of saved runs: find and tick them. It follows the file while runs go on."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

from gradviz.config import LIMITS, RecordedConfig, RunConfig, label_of, word_of
from gradviz.config.setups import is_used
from gradviz.store import RunInfo, StoreError, default_path
from gradviz.ui import stills
from gradviz.ui.session import session
from gradviz.ui.words import plain

_FIND, _TABLE = "runs_find", "runs_table"

LOOK_S = 2.0
"""Between two looks at the file."""


def heading() -> None:
    """Title and what the page is for."""
    st.header("Runs")
    st.caption(
        "Runs that were saved, here or by a script of your own: tick one to look at it again, up "
        "to four to compare them."
    )


def chosen() -> list[RunInfo]:
    """Draw the list; the runs that are ticked in it, the newest first."""
    seen = stills.stamp()
    _look_again(seen)
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
    count = f"{len(runs):,}" if len(found) == len(runs) else f"{len(found):,} of {len(runs):,}"
    st.caption(f"{count} run{'s' if len(runs) > 1 else ''}.")
    return _ticked(found) if found else []


def _ticked(runs: Sequence[RunInfo]) -> list[RunInfo]:
    """Draw the table; the runs that are ticked in it."""
    state = session()
    # A tick is kept by its line: with other lines it is another table, which takes the ticks over.
    lines = tuple(run.run_id for run in runs)
    before = [place for place, run_id in enumerate(lines) if run_id in state.ticked]
    table: Any = st.dataframe(
        columns_of(runs),
        key=f"{_TABLE}_{hash(lines)}",
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": before}},
        hide_index=True,
        column_config=_column_config(),
        alt="The saved runs, a line each. The box at the left of a line ticks it.",
    )
    found = [runs[place] for place in table.selection.rows if place < len(runs)]
    state.ticked = tuple(run.run_id for run in found)
    return found


@st.fragment(run_every=LOOK_S)
def _look_again(seen: object) -> None:
    """Draw the page anew where the file has changed: a run goes on, here or elsewhere."""
    if stills.stamp() != seen:
        st.rerun(scope="app")


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


def _searched(run: RunInfo) -> str:
    return " ".join([run.name, *run.tags, settings_of(run), *run.layers]).casefold()


def _horizon(run: RunInfo) -> str:
    if math.isnan(run.horizon):
        return "–"
    return f"{run.horizon:g}" if math.isfinite(run.horizon) else "beyond the first"


def _state(run: RunInfo) -> str:
    if run.problem:
        return "damaged"
    if run.failure:
        return run.failure
    return "ended" if run.ended else "going on, or cut off"


def _column_config() -> dict[str, Any]:
    column = st.column_config
    return {
        "Name": column.TextColumn("Name", width="medium"),
        "Settings": column.TextColumn("Settings that differ", width="medium"),
        "Loss": column.LineChartColumn("Loss", width="small", y_min=0),
        "Horizon": column.TextColumn("Horizon", help="Timesteps back, of the top layer, at last."),
        "When": column.DatetimeColumn("When", format="YYYY-MM-DD HH:mm"),
        "Tags": column.ListColumn("Tags", width="small"),
    }
