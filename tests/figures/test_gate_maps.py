"""Pictures of one sequence's gates: their numbers, asked for from the figures."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import plotly.graph_objects as go
import pytest
from every import every
from fabricated import GATES, fabricate, gate_closeup, looked

from gradviz import figures
from gradviz.config import RunConfig, TaskName
from gradviz.history import CloseUp, History

LSTM = RunConfig(cell="lstm", hidden_size=6, seq_len=24)
GRU, RNN = LSTM.replace(cell="gru"), LSTM.replace(cell="rnn")
EVERY = every("name", list(figures.GATES))


def trace(figure: go.Figure, uid: str) -> Any:
    return next(each for each in figure.data if each.uid == uid)


def texts(figure: go.Figure) -> list[str]:
    return [each.text for each in figure.layout.annotations]


def title(figure: go.Figure) -> str:
    return str(figure.layout.title.text)


def shown(history: History) -> CloseUp:
    closeup = history.frames[-1].closeup
    assert closeup
    return closeup


@EVERY
def test_before_the_first_step_and_without_a_close_up(name: str) -> None:
    picture = figures.GATES[name]
    assert texts(picture(History(LSTM))) == ["Nothing trained yet"]
    unlooked = picture(fabricate(LSTM, steps=3))
    assert texts(unlooked) == ["Not measured at this step"]
    assert not unlooked.data


@pytest.mark.slow
@EVERY
@every("cell", ["rnn", "lstm", "gru"])
@every("task", get_args(TaskName))
def test_every_task_and_cell_is_drawn_in_both_themes(name: str, cell: str, task: str) -> None:
    history = looked(RunConfig(task=task, cell=cell, hidden_size=3))
    light, dark = (figures.GATES[name](history, theme=each) for each in ("light", "dark"))
    assert light.layout.font.color != dark.layout.font.color
    assert [each.uid for each in light.data] == [each.uid for each in dark.data]
    assert len({each.uid for each in light.data}) == len(light.data)
    assert light.layout.height <= 900
    assert bool(light.data) == (cell != "rnn" or name in {"gate_maps", "gate_means"})


@EVERY
def test_axes_of_timesteps_say_so(name: str) -> None:
    figure = figures.GATES[name](looked(LSTM))
    by_timestep = name in {"gate_maps", "gate_means", "forget_path"}
    assert (figure.layout.meta["axis"] == "timestep") == by_timestep
    assert (figure.layout.xaxis.title.text == "timestep t") == by_timestep
    if by_timestep:
        assert list(figure.layout.xaxis.range) == [0.5, 24.5]


@EVERY
def test_scrubbing_shows_an_earlier_step(name: str) -> None:
    history = looked(LSTM, gate_closeup(LSTM), gate_closeup(LSTM, forget_bias=4))
    picture = figures.GATES[name]
    assert figures.as_json(picture(history, 1)) != figures.as_json(picture(history))
    assert "step 1 " in title(picture(history, 1))
    assert "step 2 " in title(picture(history, 2))


@EVERY
@every("bad", [np.nan, np.inf, -np.inf])
@every("config", [LSTM, GRU, RNN], ids=lambda config: config.cell)
def test_numbers_that_are_not_finite(name: str, bad: float, config: RunConfig) -> None:
    closeup = gate_closeup(config)
    for values in (*closeup.gates.values(), closeup.hidden, *closeup.saturation.values()):
        values[1:3] = bad
    if closeup.forget_path_log10 is not None and closeup.cell_transport_log10 is not None:
        closeup.forget_path_log10[:3] = closeup.cell_transport_log10[:3] = bad
    figure = figures.GATES[name](looked(config, closeup))
    for each in figure.data:
        for axis in ("x", "y", "z"):
            values = np.asarray(each[axis] if axis in each else 0)  # noqa: SIM401, no mapping
            assert values.dtype.kind != "f" or not np.isinf(values).any()
    assert json.loads(figures.as_json(figure))


@EVERY
def test_a_hostile_layer_name_carries_no_markup(name: str) -> None:
    closeup = replace(gate_closeup(LSTM), layer="<img src=x>&$x$")
    text = title(figures.GATES[name](looked(LSTM, closeup)))
    assert "<img" not in text
    assert "$" not in text
    assert "&lt;img" in text


def test_maps_are_the_gates_with_the_candidate_last() -> None:
    history = looked(LSTM)
    figure = figures.gate_maps(history)
    maps = [each for each in figure.data if each.type == "heatmap"]
    assert [each.uid for each in maps] == ["input", "forget", "output", "candidate"]
    for each in maps:
        np.testing.assert_array_equal(each.z, shown(history).gates[each.uid].T)
        assert list(each.x) == list(range(1, 25))
        assert list(each.y) == ["1", "2", "3", "4", "5", "6"]
    assert [each.coloraxis for each in maps] == ["coloraxis"] * 3 + ["coloraxis2"]
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)
    assert (figure.layout.coloraxis2.cmin, figure.layout.coloraxis2.cmax) == (-1, 1)


@pytest.mark.parametrize("config", [LSTM, GRU, RNN], ids=lambda config: config.cell)
def test_rows_lie_below_one_another_and_the_height_grows(config: RunConfig) -> None:
    figure = figures.gate_maps(looked(config))
    rows = max(len(GATES[config.cell]), 1)
    axes = [figure.layout[f"yaxis{row if row > 1 else ''}"] for row in range(1, rows + 2)]
    for upper, lower in pairwise(axes):
        assert lower.domain[1] < upper.domain[0]
    assert axes[0].domain[1] == pytest.approx(1)
    assert axes[-1].domain[0] == pytest.approx(0)
    assert figure.layout.height == {1: 344, 3: 664, 4: 824}[rows]
    # All share the one horizontal axis, which stands at the foot.
    assert {each.xaxis for each in figure.data} <= {None, "x"}
    assert figure.layout.xaxis.anchor == f"y{rows + 1}"


def test_candidates_have_their_cells_own_letter() -> None:
    for config, letter in ((LSTM, "g"), (GRU, "n")):
        layout = figures.gate_maps(looked(config)).layout
        last = layout[f"yaxis{len(GATES[config.cell]) + 1}"]
        assert last.title.text == f"candidate {letter}"


def test_units_sorted_by_the_mean_of_what_keeps() -> None:
    history = looked(LSTM)
    figure = figures.gate_maps(history, by_mean=True)
    forget = shown(history).gates["forget"]
    means = [forget[:, int(unit) - 1].mean() for unit in trace(figure, "forget").y]
    assert means == sorted(means, reverse=True)
    assert means != [column.mean() for column in forget.T]
    # One order for all maps: a row is the same unit everywhere.
    assert trace(figure, "output").y == trace(figure, "forget").y
    unit = int(trace(figure, "output").y[0]) - 1
    np.testing.assert_array_equal(
        trace(figure, "output").z[0], shown(history).gates["output"][:, unit]
    )
    assert "by mean forget" in title(figure)
    assert "units in order" in title(figures.gate_maps(history))


def test_a_plain_rnn_shows_its_hidden_state() -> None:
    history = looked(RNN)
    figure = figures.gate_maps(history)
    np.testing.assert_array_equal(trace(figure, "hidden").z, shown(history).hidden.T)
    assert (figure.layout.coloraxis2.cmin, figure.layout.coloraxis2.cmax) == (-1, 1)


def test_a_relu_networks_scale_reaches_its_greatest_state() -> None:
    closeup = gate_closeup(RNN)
    closeup.hidden[3, 2] = 5.5
    scale = figures.gate_maps(looked(RNN.replace(activation="relu"), closeup)).layout.coloraxis2
    assert (scale.cmin, scale.cmax) == (-8, 8)


def test_what_is_not_finite_is_said() -> None:
    closeup = gate_closeup(LSTM)
    closeup.gates["output"][4] = np.nan
    assert "grey: not finite" in title(figures.gate_maps(looked(LSTM, closeup)))
    assert "grey" not in title(figures.gate_maps(looked(LSTM)))


def test_a_large_layer_is_thinned_and_says_so() -> None:
    config = RunConfig(cell="gru", seq_len=1000, hidden_size=512, batch_size=1)
    small = gate_closeup(config.replace(hidden_size=2))
    draw = np.random.default_rng(1)
    gates = {name: draw.random((1000, 512), dtype="f4") for name in GATES["gru"]}
    closeup = replace(small, gates=gates, hidden=gates["update"])
    figure = figures.gate_maps(looked(config, closeup))
    update = trace(figure, "update")
    assert update.z.shape == (128, 250)
    np.testing.assert_allclose(update.z[3, 7], gates["update"][28:32, 12].mean(), rtol=1e-5)
    assert (update.x[7], update.y[3]) == (30.5, "13")
    assert "128 of 512" in title(figure)
    assert len(figures.as_json(figure)) < 800_000


def test_the_digits_image_stands_beside_its_timesteps() -> None:
    config = RunConfig(task="digits_pixels", cell="gru", hidden_size=3)
    history = looked(config)
    figure = figures.gate_maps(history)
    image = trace(figure, "image")
    np.testing.assert_array_equal(image.z, shown(history).inputs.reshape(8, 8))
    assert image.xaxis == "x2"
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]
    assert figure.layout.xaxis.domain[1] < figure.layout.coloraxis.colorbar.x


def test_means_and_bands_are_of_this_sequence() -> None:
    history = looked(LSTM)
    figure = figures.gate_means(history)
    for name, gate in shown(history).gates.items():
        np.testing.assert_allclose(trace(figure, name).y, gate.mean(axis=1), rtol=1e-6)
        edge = trace(figure, f"band-{name}").y
        np.testing.assert_allclose(edge[:24], np.percentile(gate, 90, axis=1), rtol=1e-5)
        np.testing.assert_allclose(edge[24:][::-1], np.percentile(gate, 10, axis=1), rtol=1e-5)
    assert trace(figure, "candidate").yaxis == "y2"


def test_means_mark_the_timesteps_that_count() -> None:
    history = looked(LSTM)
    figure = figures.gate_means(history)
    marked = np.flatnonzero(shown(history).inputs[:, 1]) + 1
    assert [shape.x0 for shape in figure.layout.shapes] == marked.tolist()
    assert len(marked) == 2
    assert all(text.startswith("marked 0.") for text in texts(figure))


def test_means_of_a_plain_rnn() -> None:
    history = looked(RNN)
    figure = figures.gate_means(history)
    np.testing.assert_allclose(
        trace(figure, "hidden").y, shown(history).hidden.mean(axis=1), atol=1e-6
    )
    assert "hidden state" in title(figure)


def test_every_unit_is_a_point_of_the_triangle() -> None:
    closeup = gate_closeup(LSTM)
    closeup.saturation["forget"][2] = 0.25, 0.75
    figure = figures.saturation_triangle(looked(LSTM, closeup))
    points = trace(figure, "forget")
    assert (points.x[2], points.y[2], points.customdata[2]) == (0.25, 0.75, 3)
    assert [each.uid for each in figure.data] == ["input", "forget", "output", "edge"]
    assert len({each.marker.symbol for each in figure.data[:3]}) == 3
    edge = trace(figure, "edge")
    assert [x + y for x, y in zip(edge.x, edge.y, strict=True)] == [1, 1]
    assert "6 units" in title(figure)
    assert "#1" not in title(figure)


@pytest.mark.parametrize("name", ["saturation_triangle", "forget_path", "half_life"])
def test_a_plain_rnn_has_no_gates_before_and_after_it_trains(name: str) -> None:
    for history in (History(RNN), looked(RNN)):
        assert "A plain RNN has no gates" in texts(figures.GATES[name](history))[0]
