"""Pictures by step: their numbers, asked for from the figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from fabricated import fabricate, frame, row

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.figures.heatmap import COLUMNS, ROWS
from gradviz.history import Failure, Frame, History, LayerFrame


def trace(figure: go.Figure, uid: str) -> Any:
    return next(each for each in figure.data if each.uid == uid)


def uids(figure: go.Figure) -> list[str]:
    return [each.uid for each in figure.data]


def texts(figure: go.Figure) -> list[str]:
    return [each.text for each in figure.layout.annotations]


def test_loss_and_its_floor() -> None:
    losses = np.linspace(1, 0.5, 50)
    figure = figures.loss(fabricate(steps=50, floor=0.25, scalars={"loss": losses}))
    np.testing.assert_allclose(trace(figure, "loss").y, losses)
    assert list(trace(figure, "loss").x) == list(range(1, 51))
    assert list(trace(figure, "floor").y) == [0.25, 0.25]
    assert trace(figure, "floor").line.dash == "dash"
    assert "0.25" in figure.layout.title.text
    assert "accuracy" not in uids(figure)


def test_a_task_without_a_floor_has_no_line() -> None:
    assert uids(figures.loss(fabricate(floor=None))) == ["loss"]


def test_accuracy_has_an_axis_of_its_own() -> None:
    figure = figures.loss(fabricate(steps=50, scalars={"accuracy": 0.75}))
    drawn = trace(figure, "accuracy")
    assert set(drawn.y) == {0.75}
    assert drawn.yaxis == "y2"
    assert figure.layout.yaxis2.side == "right"
    assert figure.layout.yaxis2.range[0] <= 0 < 1 <= figure.layout.yaxis2.range[1]


def test_loss_is_on_a_log_axis_when_it_spans_decades() -> None:
    narrow = figures.loss(fabricate(steps=50, scalars={"loss": np.linspace(1, 0.1, 50)}))
    wide = figures.loss(fabricate(steps=50, scalars={"loss": np.geomspace(1, 1e-3, 50)}))
    assert narrow.layout.yaxis.type is None
    assert wide.layout.yaxis.type == "log"


def test_a_long_run_is_thinned_but_keeps_a_spike() -> None:
    losses = np.full(5000, 0.2)
    losses[3210] = 9.0
    drawn = trace(figures.loss(fabricate(steps=5000, every=5000, scalars={"loss": losses})), "loss")
    assert len(drawn.y) <= 600
    assert drawn.x[list(drawn.y).index(9.0)] == 3211


@pytest.mark.parametrize("picture", ["loss", "gradient_flow_over_training", "clipping"])
def test_live_changes_are_marked_where_they_began(picture: str) -> None:
    changes = {
        "learning_rate": np.repeat([3e-3, 1e-2], [40, 60]),
        "clip_threshold": np.repeat([1.0, 0.5], [70, 30]),
    }
    figure = figures.LIVE[picture](fabricate(steps=100, scalars=changes))
    assert texts(figure) == ["learning rate 0.01", "clip at 0.5"]
    assert [shape.x0 for shape in figure.layout.shapes] == [41, 71]


def test_of_many_changes_all_are_marked_and_the_newest_named() -> None:
    rates = np.linspace(1e-3, 2e-3, 12)
    figure = figures.loss(fabricate(steps=12, scalars={"learning_rate": rates}))
    assert len(figure.layout.shapes) == 11
    assert texts(figure)[-1] == "learning rate 0.002"
    assert len(texts(figure)) == 4


def test_no_clip_is_no_change() -> None:
    figure = figures.loss(fabricate(scalars={"clip_threshold": np.nan}))
    assert not figure.layout.shapes


def test_the_failure_is_marked() -> None:
    history = fabricate(steps=31)
    history.failure = Failure(step=31, tensor="loss", kind="nan")
    assert texts(figures.loss(history)) == ["NaN at step 31"]


def test_flow_over_training_is_the_mean_over_probes_by_timestep_and_step() -> None:
    history = fabricate(RunConfig(seq_len=12), steps=41, every=10)
    drawn = figures.gradient_flow_over_training(history).data[0]
    assert list(drawn.x) == [1, 11, 21, 31, 41]
    assert list(drawn.y) == list(range(1, 13))
    norms = 10.0 ** history.frames[3].layers["l0"].hidden_grad_log10.astype(float)
    np.testing.assert_allclose(drawn.z[:, 3], np.log10(norms.mean(axis=1)), atol=1e-5)


def test_columns_of_uneven_distance_stand_at_their_steps() -> None:
    history = History(RunConfig(seq_len=12))
    for step in (1, 2, 3, 50, 400):
        history.append_scalars([row(step)])
        history.append_frame(frame(history.config, step))
    drawn = figures.gradient_flow_over_training(history).data[0]
    assert set(np.diff(drawn.x)) == {2}
    assert drawn.x[-1] == 400
    for x, column in zip(drawn.x, drawn.z.T, strict=True):
        distances = [abs(x - frame.step) for frame in history.frames]
        nearest = history.frames[int(np.argmin(distances))].layers["l0"]
        norms = 10.0 ** nearest.hidden_grad_log10.astype(float)
        np.testing.assert_allclose(column, np.log10(norms.mean(axis=1)), atol=1e-5)


def test_more_frames_than_columns_are_chosen_evenly() -> None:
    history = fabricate(RunConfig(seq_len=4), steps=700, every=1)
    x = np.array(figures.gradient_flow_over_training(history).data[0].x)
    assert COLUMNS / 2 < len(x) <= COLUMNS + 1
    assert set(np.diff(x)) == {4}
    assert (x[0], x[-1]) == (4, 700)


@pytest.mark.parametrize("seq_len", [ROWS, ROWS + 1, 999, 1000])
def test_more_timesteps_than_rows_share_rows(seq_len: int) -> None:
    config = RunConfig(seq_len=seq_len)
    history = fabricate(config, steps=3, every=2, rate=0.99, noise=0.0)
    drawn = figures.gradient_flow_over_training(history).data[0]
    assert len(drawn.y) == drawn.z.shape[0] <= ROWS
    expected = (seq_len - np.array(drawn.y)) * np.log10(0.99)
    np.testing.assert_allclose(drawn.z[:, 0], expected, atol=0.02)
    assert np.diff(drawn.y).min() > 0


def test_zero_gradients_are_grey_gaps_and_do_not_spoil_the_colours() -> None:
    config = RunConfig(seq_len=12)
    history = fabricate(config, steps=11, every=10)
    history.frames[0].layers["l0"].hidden_grad_log10[:4] = -np.inf
    history.frames[1].layers["l0"].hidden_grad_log10[0, 0] = -np.inf
    figure = figures.gradient_flow_over_training(history)
    drawn = figure.data[0]
    assert np.isnan(drawn.z[:4, 0]).all()
    assert np.isfinite(drawn.z[4:, 0]).all()
    others = 10.0 ** history.frames[1].layers["l0"].hidden_grad_log10[0, 1:].astype(float)
    assert drawn.z[0, 1] == pytest.approx(np.log10(others.mean()), abs=1e-5)
    flow = next(each for each in figures.gradient_flow(history).data if each.uid == "l0")
    assert flow.y[0] == pytest.approx(others.mean(), rel=1e-5)
    assert np.isfinite([drawn.zmin, drawn.zmax]).all()
    assert "grey: 0" in figure.layout.title.text


def test_neither_under_nor_overflow() -> None:
    history = History(RunConfig(seq_len=3))
    log10 = np.array([[-300, -310], [0, 1], [35, 36]], "f4")
    layer = LayerFrame(
        hidden_grad_log10=log10,
        gates={},
        jacobian_norm=None,
        jacobian_bound=None,
        transport_log10=None,
        gradient_horizon=None,
    )
    history.append_frame(Frame(step=1, layers={"l0": layer}))
    z = figures.gradient_flow_over_training(history).data[0].z[:, 0]
    np.testing.assert_allclose(z, [-300.30103, np.log10(5.5), np.log10(5.5e35)], rtol=1e-6)


def test_the_colour_bar_counts_in_powers_of_ten() -> None:
    drawn = figures.gradient_flow_over_training(fabricate(RunConfig(seq_len=100))).data[0]
    ticks = drawn.colorbar.tickvals
    assert list(drawn.colorbar.ticktext) == [
        f"10<sup>{str(tick).replace('-', '−')}</sup>" for tick in ticks
    ]
    assert 2 <= len(ticks) <= 6
    assert drawn.zmin <= min(ticks)
    assert max(ticks) <= drawn.zmax


def clipped_run(clip: str, **scalars: Any) -> History:
    before = np.r_[np.full(83, 0.5), np.full(37, 20.0)]
    usual = {
        "grad_norm_pre": before,
        "grad_norm_post": np.minimum(before, 1),
        "clipped": before > 1,
    }
    return fabricate(RunConfig(clip=clip), steps=120, scalars=usual | scalars)


def test_clipping_before_after_threshold_and_count() -> None:
    figure = figures.clipping(clipped_run("norm"))
    assert trace(figure, "before").y.max() == 20
    assert trace(figure, "after").y.max() == 1
    assert list(trace(figure, "threshold").y) == [1, 1]
    assert figure.layout.yaxis.type == "log"
    assert "clipped 37 of 120 steps, norm to 1<" in figure.layout.title.text


def test_clipping_is_counted_up_to_the_scrubbed_step() -> None:
    title = figures.clipping(clipped_run("norm"), 90).layout.title.text
    assert "clipped 7 of 90 steps" in title


def test_a_threshold_changed_live_is_a_stair() -> None:
    history = clipped_run("norm", clip_threshold=np.repeat([1.0, 0.5], 60))
    threshold = trace(figures.clipping(history), "threshold")
    assert list(threshold.x) == [1, 61, 120]
    assert list(threshold.y) == [1, 0.5, 0.5]
    assert threshold.line.shape == "hv"


def test_a_clip_by_value_has_no_line_among_norms() -> None:
    figure = figures.clipping(clipped_run("value", clip_threshold=0.01))
    assert uids(figure) == ["before", "after"]
    assert "clipped 37 of 120 steps, each entry to ±0.01" in figure.layout.title.text


def test_without_a_clip_there_is_one_norm() -> None:
    figure = figures.clipping(clipped_run("none", clip_threshold=np.nan, clipped=0.0))
    assert uids(figure) == ["before"]
    assert "nothing is clipped" in figure.layout.title.text


def test_a_language_model_has_a_perplexity() -> None:
    config = RunConfig(task="word_lm")
    history = fabricate(config, steps=40, floor=np.log(292.0), scalars={"loss": np.log(54.0)})
    facts = figures.loss(history).layout.title.text
    assert "perplexity 54 (unigram 292)" in facts
    assert "perplexity" not in figures.loss(fabricate(steps=40)).layout.title.text


def test_the_loss_on_held_out_data_is_drawn_where_it_was_taken() -> None:
    history = fabricate(RunConfig(task="word_lm"), steps=21, floor=5.7, scalars={"loss": 4.0})
    assert "held_out" not in uids(figures.loss(history))
    for step, loss in ((22, 4.5), (23, None), (24, np.nan), (25, 4.25)):
        history.append_frame(replace(history.frames[0], step=step, held_out=loss))
    drawn = trace(figures.loss(history), "held_out")
    assert list(zip(drawn.x, drawn.y, strict=True)) == [(22, 4.5), (25, 4.25)]
    assert drawn.mode == "lines+markers"
