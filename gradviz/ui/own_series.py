"""A series of one's own on the Your data page: the uploader, its columns, what can be trained."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from gradviz import figures
from gradviz.config import LIMITS, RunConfig
from gradviz.ui import exports
from gradviz.ui.export_source import Drawn, Source
from gradviz.ui.own_data import (
    MOST_COLUMNS,
    OwnData,
    config_of_series,
    longest_window,
    most_forecast,
    span_of,
)
from gradviz.ui.own_text import notes, problem, title
from gradviz.ui.session import session
from gradviz.ui.widgets import bound
from gradviz.ui.words import plain
from gradviz.uploads import Column, Missing, Series, ShelfError, Table, UploadError

_FILE = "own_series_file"

MOST_LISTED = 20
"""Columns in the list; all can be chosen."""

MISSING: dict[Missing, str] = {
    "interpolate": "draw a straight line between their neighbours",
    "drop": "leave their rows out",
}
"""What is done with missing values."""


def parts(own: OwnData) -> RunConfig | None:
    """All of it; the run that a button asked for."""
    file = st.file_uploader(
        "A CSV: one row a timestep, columns of numbers",
        key=f"{_FILE}_{own.emptied}",
        on_change=_take_file,
        max_upload_size=LIMITS.upload_mb,
        help="Separated by commas, semicolons, tabs or bars; the first line may name the columns.",
    )
    if not file:
        own.problems.pop("series", None)
    problem(own.problems.get("series"), kept=own.table.name if own.table else None)
    return _read(own, own.table) if own.table else None


def _take_file() -> None:
    own = session().own
    file = st.session_state[f"{_FILE}_{own.emptied}"]
    # Where one file takes another's place, Streamlit says for a moment that there is none.
    if file:
        own.take_table(file.name, file.getvalue())


def _read(own: OwnData, table: Table) -> RunConfig | None:
    title(table.name)
    notes(table.notes)
    _columns(table)
    _choice(own, table)
    try:
        series = table.series(own.columns, own.missing)
    except UploadError as error:
        st.error(plain(str(error)))
        return None
    notes(series.notes)
    _picture(table.name, series)
    _window(own, len(series.values))
    return _button(own, series)


def _columns(table: Table) -> None:
    """What each column holds."""
    listed = table.columns[:MOST_LISTED]
    spans = [span_of(each) for each in listed]
    st.table(
        {
            "Column": [plain(each.name) for each in listed],
            "Holds": [_holds(each) for each in listed],
            "Missing": [f"{each.missing:,}" for each in listed],
            "Least": [plain(f"{span[0]:.6g}") if span else "" for span in spans],
            "Greatest": [plain(f"{span[1]:.6g}") if span else "" for span in spans],
        },
        border="horizontal",
        hide_index=True,
    )
    more = len(table.columns) - len(listed)
    others = f"; {more:,} more columns can be chosen below" if more else ""
    st.caption(f"{table.rows:,} rows, one a timestep{others}.")


def _holds(column: Column) -> str:
    if column.kind == "number":
        return "numbers" if column.trouble is None else "numbers, and what is none"
    return "nothing" if column.kind == "empty" else f"{column.kind}s".replace("texts", "text")


def _choice(own: OwnData, table: Table) -> None:
    """Columns, gaps, window."""
    st.multiselect(
        "Columns to train on; the first is forecast",
        table.numeric,
        max_selections=MOST_COLUMNS,
        **bound("own_columns", list(own.columns), _take_columns),
    )
    gaps = any(each.missing for each in table.columns if each.name in own.columns)
    if gaps:
        st.radio(
            "Missing values",
            list(MISSING),
            format_func=lambda name: MISSING[name],
            **bound("own_missing", own.missing, partial(_take, "missing")),
        )


def _picture(name: str, series: Series) -> None:
    st.plotly_chart(
        figures.series(series.columns, series.values, theme=st.context.theme.type or "light"),
        theme=None,
        key="own_series_picture",
        config={"displayModeBar": False},
        alt=f"The chosen columns over {len(series.values):,} rows.",
    )
    exports.offer("own_series", lambda: _source(name, series))


def _source(name: str, series: Series) -> Source:
    """The picture to export; no address leads to an upload that is not trained on."""

    def draw(picture: str, theme: str) -> Drawn:
        figure = figures.series(series.columns, series.values, theme=theme)
        columns = ", ".join(series.columns)
        settings = f"{name} · {len(series.values):,} rows · {columns}"
        return Drawn(figure=figure, settings=settings, link="")

    return Source(stem="your_data", pictures=("series",), draw=draw)


def _window(own: OwnData, rows: int) -> None:
    """How much is read and forecast, and in which unit."""
    seq_len, steps = own.window(rows)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Rows in",
            2,
            longest_window(rows),
            step=10,
            width=160,
            help="Rows that are read, one a timestep, before the forecast.",
            **bound("own_seq_len", seq_len, partial(_take, "seq_len")),
        )
        st.number_input(
            "Rows out",
            1,
            most_forecast(rows, seq_len),
            width=160,
            help=RunConfig.model_fields["forecast_steps"].description,
            **bound("own_forecast_steps", steps, partial(_take, "forecast_steps")),
        )
        st.checkbox(
            "Normalised",
            help=RunConfig.model_fields["normalise"].description,
            **bound("own_normalise", own.normalise, partial(_take, "normalise")),
        )


def _take(name: str, value: Any) -> None:
    setattr(session().own, name, value)


def _take_columns(names: Any) -> None:
    session().own.columns = tuple(names)


def _button(own: OwnData, series: Series) -> RunConfig | None:
    if not st.button(
        "Train on it", key="train_series", icon=":material/play_circle:", type="primary"
    ):
        return None
    try:
        return config_of_series(own, own.shelve(series), len(series.values))
    except ShelfError as error:
        st.error(plain(str(error)))
        return None
