"""Pictures by timestep: their numbers, asked for from the figures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from fabricated import fabricate, frame, layer_frame, row

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.figures.over_time import FLOAT32_FLOOR
from gradviz.history import Frame, History, LayerFrame

RNN = RunConfig(seq_len=20)


def history_of(config: RunConfig, **layers: LayerFrame) -> History:
    history = History(config)
    history.append_scalars([row(7)])
    history.append_frame(Frame(step=7, layers=layers))
    return history


def trace(figure: go.Figure, uid: str) -> Any:
    return next(each for each in figure.data if each.uid == uid)


def uids(figure: go.Figure) -> list[str]:
    return [each.uid for each in figure.data]


def texts(figure: go.Figure) -> list[str]:
    return [each.text for each in figure.layout.annotations]


def test_gradient_flow_draws_mean_and_range_over_the_probes() -> None:
    layer = layer_frame(RNN)
    figure = figures.gradient_flow(history_of(RNN, l0=layer))
    norms = 10.0 ** layer.hidden_grad_log10.astype(float)
    mean = trace(figure, "l0")
    np.testing.assert_allclose(mean.y, norms.mean(axis=1), rtol=1e-6)
    assert list(mean.x) == list(range(1, 21))
    shade = trace(figure, "band-l0")
    np.testing.assert_allclose(shade.y[:20], norms.max(axis=1), rtol=1e-6)
    np.testing.assert_allclose(shade.y[20:][::-1], norms.min(axis=1), rtol=1e-6)
    assert figure.layout.yaxis.type == "log"
    assert "step 7 · mean and range of 8 sequences" in figure.layout.title.text


def test_one_probe_has_no_range_to_speak_of() -> None:
    figure = figures.gradient_flow(history_of(RNN, l0=layer_frame(RNN, probes=1)))
    assert "step 7 · 1 sequence<" in figure.layout.title.text


def test_each_layer_has_its_line_and_its_colour() -> None:
    config = RunConfig(cell="gru", num_layers=4)
    for picture in (figures.gradient_flow, figures.step_jacobians, figures.transport):
        figure = picture(fabricate(config, steps=3))
        lines = [trace(figure, f"l{i}") for i in range(4)]
        assert len({each.line.color for each in lines}) == 4
        assert [each.name for each in lines] == ["l0", "l1", "l2", "l3"]


@pytest.mark.parametrize(
    ("rate", "dtype", "drawn"),
    [(0.5, "float32", False), (0.05, "float32", True), (0.05, "float64", False)],
)
def test_the_float32_floor_is_drawn_when_gradients_come_near(
    rate: float, dtype: str, drawn: bool
) -> None:
    config = RNN.replace(dtype=dtype)
    figure = figures.gradient_flow(history_of(config, l0=layer_frame(config, rate=rate)))
    assert ("floor" in uids(figure)) is drawn
    if drawn:
        assert list(trace(figure, "floor").y) == [FLOAT32_FLOOR] * 2
        assert "float32" in trace(figure, "floor").name


def test_zero_gradients_are_left_out_and_said() -> None:
    layer = layer_frame(RNN)
    layer.hidden_grad_log10[:3] = -np.inf
    layer.hidden_grad_log10[5, 0] = -np.inf
    figure = figures.gradient_flow(history_of(RNN, l0=layer))
    drawn = trace(figure, "l0").y
    assert np.isnan(drawn[:3]).all()
    assert np.isfinite(drawn[3:]).all()
    assert "zeros left out" in figure.layout.title.text


def test_a_single_point_is_seen() -> None:
    layer = layer_frame(RNN)
    layer.hidden_grad_log10[:-1] = -np.inf
    assert trace(figures.gradient_flow(history_of(RNN, l0=layer)), "l0").mode == "lines+markers"


def test_step_jacobians_with_the_line_at_1_and_the_bound() -> None:
    figure = figures.step_jacobians(history_of(RNN, l0=layer_frame(RNN, rate=0.9)))
    np.testing.assert_allclose(trace(figure, "l0").y, 0.9, rtol=1e-6)
    assert list(trace(figure, "one").y) == [1, 1]
    bound = trace(figure, "bound-l0")
    assert list(bound.y) == [1.25, 1.25]
    assert bound.name == "bound γ‖W_hh‖₂"
    assert list(bound.x) == [1, 20]


def test_a_gated_cell_has_no_bound() -> None:
    config = RunConfig(cell="lstm")
    figure = figures.step_jacobians(history_of(config, l0=layer_frame(config)))
    assert uids(figure) == ["band-l0", "l0", "one"]


def test_the_bound_is_named_once_for_all_layers() -> None:
    figure = figures.step_jacobians(fabricate(RunConfig(num_layers=3), steps=2))
    bounds = [each for each in figure.data if each.uid.startswith("bound")]
    assert [each.showlegend for each in bounds] == [True, False, False]


def test_transport_marks_the_horizon() -> None:
    layer = layer_frame(RNN, rate=0.8)
    figure = figures.transport(history_of(RNN, l0=layer))
    np.testing.assert_allclose(trace(figure, "l0").y, layer.transport_log10[:, 0], atol=1e-6)
    assert trace(figure, "l0").y[-1] == 0
    np.testing.assert_allclose(trace(figure, "1/e").y, -1 / math.log(10))
    # 0.8^4 = 0.41 > 1/e ≥ 0.8^5 = 0.33
    assert texts(figure) == ["horizon: 5 timesteps"]
    assert figure.layout.shapes[0].x0 == figure.layout.shapes[0].x1 == 15
    # The line meets 1/e between the marked timestep and the next.
    level = trace(figure, "1/e").y[0]
    assert trace(figure, "l0").y[15 - 1] <= level < trace(figure, "l0").y[15]


def test_a_horizon_of_one_timestep_and_of_two_layers() -> None:
    config = RNN.replace(num_layers=2)
    layers = {"l0": layer_frame(config, rate=0.1), "l1": layer_frame(config, rate=0.8)}
    figure = figures.transport(history_of(config, **layers))
    assert texts(figure) == ["l0 horizon: 1 timestep", "l1 horizon: 5 timesteps"]
    assert figure.layout.shapes[0].line.color == trace(figure, "l0").line.color


def test_no_horizon_no_mark() -> None:
    figure = figures.transport(history_of(RNN, l0=layer_frame(RNN, rate=1.1)))
    assert not figure.layout.shapes
    assert "horizon ∞" in figure.layout.title.text


@pytest.mark.parametrize("picture", [figures.step_jacobians, figures.transport])
def test_says_when_the_dear_quantities_were_not_measured(picture: Any) -> None:
    bare = LayerFrame(
        hidden_grad_log10=np.zeros((20, 8), "f4"),
        gates={},
        jacobian_norm=None,
        jacobian_bound=None,
        transport_log10=None,
        gradient_horizon=None,
    )
    assert texts(picture(history_of(RNN, l0=bare))) == ["Not measured at this step"]


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gates_lie_in_0_to_1_and_the_candidate_in_its_own_row(cell: str) -> None:
    config = RunConfig(cell=cell, num_layers=2)
    figure = figures.gates(fabricate(config, steps=3))
    assert "l1" in figure.layout.title.text
    gate, candidate = figure.layout.yaxis, figure.layout.yaxis2
    assert gate.range[0] <= 0 < 1 <= gate.range[1]
    assert candidate.range[0] <= -1 < 1 <= candidate.range[1]
    assert candidate.domain[1] < gate.domain[0]
    for each in figure.data:
        assert each.yaxis == ("y2" if "candidate" in each.uid else "y")


def test_gates_draw_mean_and_band_of_the_layer_asked_for() -> None:
    config = RunConfig(cell="lstm", num_layers=2, seq_len=20)
    made = frame(config)
    made.layers["l0"].gates["forget"][:] = np.array([[0.8], [0.6], [0.9]])
    history = history_of(config, **made.layers)
    figure = figures.gates(history, layer="l0")
    np.testing.assert_allclose(trace(figure, "forget").y, 0.8, rtol=1e-6)
    np.testing.assert_allclose(trace(figure, "band-forget").y[:20], 0.9, rtol=1e-6)
    np.testing.assert_allclose(trace(figure, "band-forget").y[20:], 0.6, rtol=1e-6)
    np.testing.assert_allclose(trace(figures.gates(history), "forget").y, 0.5, rtol=1e-6)


def test_a_plain_rnn_has_no_gates_before_and_while_it_trains() -> None:
    for history in (History(RNN), fabricate(RNN, steps=2)):
        assert "A plain RNN has no gates" in texts(figures.gates(history))[0]
