"""Pictures and words of a user's own model: lengths that vary, layers of both directions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from every import every

from gradviz.config import RecordedConfig, RunConfig
from gradviz.figures import LIVE, clipping, gates, gradient_flow_over_training, loss, transport
from gradviz.figures.card import card
from gradviz.history import Failure, Frame, History, LayerFrame, LayerRecord
from gradviz.reading import read
from tests.fabricated import row

OWN = RecordedConfig(model="encoder: GRU(3, 8, bidirectional=True)")


def layer(T: int, P: int = 3, *, rate: float = 0.5, reversed_: bool = False) -> LayerFrame:
    lags = np.arange(T) if reversed_ else np.arange(T)[::-1]
    log10 = (lags[:, None] * np.log10(rate) + np.zeros((T, P))).astype("f4")
    return LayerFrame(
        hidden_grad_log10=log10,
        gates={"update": np.full((3, T), 0.5, "f4")},
        jacobian_norm=np.full((T, P), rate, "f4"),
        jacobian_bound=None,
        transport_log10=log10,
        gradient_horizon=np.full(P, 2.0, "f4"),
    )


def recorded(config: RecordedConfig = OWN, **scalars: Any) -> History:
    """Three frames: T = 4, then 6 with a second layer, then 5 with fewer probes."""
    history = History(config)
    layers = [
        {"encoder.l0": layer(4)},
        {"encoder.l0": layer(6), "head.l0": layer(2)},
        {"encoder.l0": layer(5, 2), "encoder.l0_reverse": layer(5, 2, reversed_=True)},
    ]
    for step, each in enumerate(layers, 1):
        history.append_scalars([row(step, clip_threshold=np.nan, **scalars)])
        history.append_frame(Frame(step=step, layers=each))
    return history


@every("step", [1, 2, 3, None])
@every("name", LIVE)
def test_every_picture_is_drawn_at_every_step(name: str, step: int | None) -> None:
    assert LIVE[name](recorded(), step).data


def test_the_heatmap_has_the_longest_sequence_and_gaps_behind_shorter_ones() -> None:
    picture = gradient_flow_over_training(recorded(), layer="encoder.l0")
    heat = picture.data[0]
    assert list(heat.x) == [1, 2, 3]
    z = np.asarray(heat.z)
    assert np.isnan(z).sum(axis=0).tolist() == [2, 0, 1]
    assert z[:4, 0] == pytest.approx(np.arange(4)[::-1] * np.log10(0.5), abs=1e-5)
    assert "no such timestep" in picture.layout.title.text


def test_the_heatmap_of_a_layer_that_some_passes_lack() -> None:
    heat = gradient_flow_over_training(recorded(), layer="encoder.l0_reverse").data[0]
    assert list(heat.x) == [3]


def test_gates_of_a_layer_that_a_pass_lacks() -> None:
    assert not gates(recorded(), 1, layer="encoder.l0_reverse").data
    assert "encoder.l0, " in gates(recorded(), 3).layout.title.text
    assert "encoder.l0, " in gates(recorded(), 2).layout.title.text


def test_a_horizon_is_drawn_where_the_direction_puts_it() -> None:
    marks = [shape.x0 for shape in transport(recorded(), 3).layout.shapes]
    assert sorted(marks)[:2] == [3.0, 3.0]
    longer = recorded()
    longer.frames[-1] = Frame(step=3, layers={"l0": layer(9), "l0_reverse#2": layer(9)})
    assert sorted(s.x0 for s in transport(longer, 3).layout.shapes)[:2] == [3.0, 7.0]


def test_a_clip_of_the_users_own_is_known_by_what_it_did() -> None:
    history = recorded(clipped=1.0, grad_norm_pre=2.0, grad_norm_post=1.0)
    picture = clipping(history, 3)
    assert [trace.name for trace in picture.data] == ["before", "after"]
    assert "clipped 3 of 3 steps" in picture.layout.title.text
    assert "norm to" not in picture.layout.title.text
    none = clipping(recorded(RecordedConfig(model="GRU", clip="none")))
    assert [trace.name for trace in none.data] == ["norm"]


def test_a_schedule_of_the_learning_rate_is_no_list_of_live_changes() -> None:
    history = History(OWN)
    history.append_scalars([row(step, learning_rate=1 / step) for step in range(1, 102)])
    assert len(loss(history).layout.shapes) == 100
    history.append_scalars([row(102, learning_rate=0.0)])
    assert len(loss(history).layout.shapes) == 0


def test_words_are_of_the_direction_that_reads_from_the_first_input() -> None:
    said = " ".join(read(recorded()).sentences)
    assert said.startswith("Gradients reach 2 timesteps back in encoder.l0, ")
    assert "the first input is 2 further" in said


def test_a_run_that_went_on_is_not_said_to_have_stopped() -> None:
    history = recorded()
    history.failure = Failure(step=2, tensor="loss", kind="nan")
    assert read(history).sentences[0] == "At step 2 the loss became NaN; the run went on."
    history.failure = Failure(step=3, tensor="loss", kind="nan")
    assert read(history).sentences[0] == "At step 3 the loss became NaN; the run stopped."


def test_gates_of_sequences_that_ended_are_left_out() -> None:
    gate = np.linspace(0, 1, 3 * 2 * 4).reshape(3, 2, 4)
    gate[1:, 0], gate[2] = np.nan, np.nan
    record = LayerRecord(hidden_grad_norm=np.ones((3, 2)), gates={"update": gate})
    band = LayerFrame.from_record(record).gates["update"]
    assert band[0, :2] == pytest.approx([gate[0].mean(), gate[1, 1].mean()])
    assert band[2, 1] == pytest.approx(np.percentile(gate[1, 1], 90))
    assert np.isnan(band[:, 2]).all()


def test_a_card_of_a_recorded_run_names_no_settings() -> None:
    for config, expected in ((OWN, ""), (RunConfig(cell="gru"), "cell=gru")):
        history = History(config)
        history.append_scalars([row(1)])
        history.append_frame(Frame(step=1, layers={"l0": layer(60)}))
        assert f"<metadata>{expected}</metadata>" in card(history)
