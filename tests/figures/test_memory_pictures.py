"""The gate's path against the whole gradient, and half-lives: the numbers of the pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from fabricated import gate_closeup, looked

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.figures.over_time import FLOAT32_FLOOR
from gradviz.history import CloseUp, Frame

LSTM = RunConfig(cell="lstm", hidden_size=6, seq_len=24)
GRU = LSTM.replace(cell="gru")


def trace(figure: go.Figure, uid: str) -> Any:
    return next(each for each in figure.data if each.uid == uid)


def uids(figure: go.Figure) -> list[str]:
    return [each.uid for each in figure.data]


def constant(config: RunConfig, values: Any) -> CloseUp:
    """A close-up whose units keep these shares at every timestep."""
    closeup = gate_closeup(config)
    closeup.gates["forget" if config.cell == "lstm" else "update"][:] = values
    return closeup


def test_the_forget_path_and_the_whole_differ() -> None:
    """Trap 3: of a hand-run default LSTM the whole gradient is the larger by far."""
    history = looked(LSTM)
    closeup = history.frames[0].closeup
    figure = figures.forget_path(history)
    np.testing.assert_array_equal(trace(figure, "gate").y, closeup.forget_path_log10)
    np.testing.assert_array_equal(trace(figure, "whole").y, closeup.cell_transport_log10)
    assert trace(figure, "gate").y[-1] == pytest.approx(0)
    decades = trace(figure, "whole").y[0] - trace(figure, "gate").y[0]
    assert decades > 1
    assert f"all/alone = 10<sup>{decades:.1f}</sup>" in figure.layout.title.text
    assert "c<sub>T</sub>" in figure.layout.yaxis.title.text


@pytest.mark.parametrize(("dtype", "drawn"), [("float32", True), ("float64", False)])
def test_the_float32_floor_is_drawn_when_a_path_comes_near(dtype: str, drawn: bool) -> None:
    config = LSTM.replace(dtype=dtype)
    assert "floor" not in uids(figures.forget_path(looked(config)))
    deep = replace(gate_closeup(config), forget_path_log10=np.linspace(-30, 0, 24))
    figure = figures.forget_path(looked(config, deep))
    assert ("floor" in uids(figure)) is drawn
    if drawn:
        np.testing.assert_allclose(trace(figure, "floor").y, np.log10(FLOAT32_FLOOR))


def test_a_path_that_ends_in_zero_leaves_a_gap() -> None:
    closeup = gate_closeup(LSTM)
    closeup.forget_path_log10[:5] = -np.inf
    drawn = trace(figures.forget_path(looked(LSTM, closeup)), "gate").y
    assert np.isnan(drawn[:5]).all()
    assert np.isfinite(drawn[5:]).all()


def test_a_gru_shows_its_update_gates_path() -> None:
    history = looked(GRU, constant(GRU, [0.5, 0.9, 0.1, 0.2, 0.3, 0.4]))
    figure = figures.forget_path(history)
    np.testing.assert_allclose(
        trace(figure, "gate").y, np.log10(0.9) * np.arange(23, -1, -1), atol=1e-5
    )
    # The frame's own transport of that sequence: 0.9 each timestep in the fabricated layer.
    measured = history.frames[0].layers["l0"].transport_log10
    np.testing.assert_array_equal(trace(figure, "whole").y, measured[:, 0])
    assert trace(figure, "gate").name == "z alone"


def test_a_gru_whose_sequence_has_no_transport_shows_z_alone() -> None:
    history = looked(GRU, replace(gate_closeup(GRU), sequence=7))
    figure = figures.forget_path(history)
    assert uids(figure) == ["gate"]
    assert "all paths: not measured" in figure.layout.title.text


def test_a_whole_that_was_too_dear_is_left_out() -> None:
    dear = replace(gate_closeup(LSTM), cell_transport_log10=np.full(24, np.nan))
    figure = figures.forget_path(looked(LSTM, dear))
    assert uids(figure) == ["gate"]
    assert "all paths: not measured" in figure.layout.title.text


def test_an_lstm_without_its_path_says_so() -> None:
    bare = replace(gate_closeup(LSTM), forget_path_log10=None)
    figure = figures.forget_path(looked(LSTM, bare))
    assert [each.text for each in figure.layout.annotations] == ["Not measured at this step"]


@pytest.mark.parametrize("config", [LSTM, GRU], ids=lambda config: config.cell)
def test_half_lives_in_closed_form(config: RunConfig) -> None:
    """A gate of 1/2 halves in 1 timestep, of 2^(−1/k) in k."""
    lives = np.array([40.0, 1.0, 5.0, 30.0, 2.0, 10.0])
    figure = figures.half_life(looked(config, constant(config, 2 ** (-1 / lives))))
    points = trace(figure, "half-life")
    np.testing.assert_allclose(points.y, np.sort(lives), rtol=1e-5)
    assert list(points.customdata) == [2, 5, 3, 6, 4, 1]
    assert list(trace(figure, "T").y) == [24, 24]
    assert "2 of 6 beyond T" in figure.layout.title.text
    assert figure.layout.yaxis.type == "log"


def test_half_life_takes_the_geometric_mean() -> None:
    closeup = constant(LSTM, 0.8)
    closeup.gates["forget"][::2, 0] = 0.2
    # Halves of the timesteps at 0.8 and at 0.2: √0.16 = 0.4 on the geometric mean.
    points = trace(figures.half_life(looked(LSTM, closeup)), "half-life")
    assert points.y[0] == pytest.approx(np.log(2) / -np.log(0.4), rel=1e-5)
    assert points.customdata[0] == 1


def test_gates_that_never_or_at_once_forget_are_counted() -> None:
    history = looked(LSTM, constant(LSTM, [1, 0, 0.5, 0.5, np.nan, 0.5]))
    figure = figures.half_life(history)
    assert list(trace(figure, "half-life").customdata) == [3, 4, 6]
    assert "1 of 6 beyond T · 1 ∞ · 2 without" in figure.layout.title.text


def test_no_unit_to_draw() -> None:
    figure = figures.half_life(looked(LSTM, constant(LSTM, np.nan)))
    assert len(trace(figure, "half-life").y) == 0


def test_other_layers_do_not_matter() -> None:
    frame = looked(GRU).frames[0]
    history = looked(GRU)
    history.append_frame(Frame(step=9, layers={}, closeup=frame.closeup))
    assert uids(figures.forget_path(history)) == ["gate"]
