"""The chosen columns of a series: what is drawn is what was read, whatever it is called."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest

from gradviz import figures
from gradviz.figures.series import MOST_DRAWN


def drawn(columns: int, rows: int = 50, theme: str = "light") -> go.Figure:
    values = np.random.default_rng(0).normal(size=(rows, columns))
    return figures.series([f"c{n}" for n in range(columns)], values, theme=theme)


def test_every_value_is_drawn_in_its_own_unit() -> None:
    values = np.column_stack([np.arange(40.0), 1e6 * np.arange(40.0)])
    fig = figures.series(("small", "large"), values)
    for place, trace in enumerate(fig.data):
        np.testing.assert_array_equal(trace.x, np.arange(1, 41))
        np.testing.assert_array_equal(trace.y, values[:, place])
    assert [trace.yaxis for trace in fig.data] == ["y", "y2"]
    assert (fig.layout.yaxis.title.text, fig.layout.yaxis2.title.text) == ("small", "large")
    assert fig.layout.xaxis.title.text == "row"
    assert "40 rows" in fig.layout.title.text


@pytest.mark.parametrize("columns", [1, 2, 6, 9])
def test_rows_stand_below_each_other_without_touching(columns: int) -> None:
    fig = drawn(columns)
    shown = min(columns, MOST_DRAWN)
    assert len(fig.data) == shown
    axes = [fig.layout[f"yaxis{n or ''}"] for n in (0, *range(2, shown + 1))]
    domains = [axis.domain for axis in axes]
    assert domains[0][1] == 1
    assert domains[-1][0] == pytest.approx(0, abs=1e-9)
    for above, below in pairwise(domains):
        assert 0 <= below[0] < below[1] < above[0]
    assert fig.layout.xaxis.anchor == fig.data[-1].yaxis
    assert ("the first 6 of 9 columns" in fig.layout.title.text) == (columns == 9)


def test_of_many_rows_least_and_greatest_stay() -> None:
    values = np.zeros((200_000, 1))
    values[12_345], values[150_001] = 7, -9
    (trace,) = figures.series(("a",), values).data
    assert len(trace.x) <= 600
    assert (max(trace.y), min(trace.y)) == (7, -9)
    assert (trace.x[0], trace.x[-1]) == (1, 200_000)


def test_a_strangers_name_is_no_markup() -> None:
    hostile = "<a href='x'>%{y}$x$"
    fig = figures.series((hostile, "b" * 80), np.zeros((40, 2)))
    said = [*(trace.hovertemplate for trace in fig.data), *(trace.name for trace in fig.data)]
    said += [fig.layout.yaxis.title.text, fig.layout.yaxis2.title.text, fig.layout.title.text]
    for words in said:
        assert "<a" not in words
        assert "$" not in words
        assert words.count("%{y}") == 0
    assert fig.layout.yaxis2.title.text == "b" * 17 + "…"
    assert "%{y:.6g}" in fig.data[0].hovertemplate


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes(theme: str) -> None:
    assert drawn(2, theme=theme).layout.paper_bgcolor == "rgba(0,0,0,0)"
