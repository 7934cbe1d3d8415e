"""Pictures of an encoder–decoder: both on one axis of time, each counted from its own 1."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from every import every
from fabricated import fabricate, frame, layer_frame, looked, row

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.figures.card import card
from gradviz.history import Frame, History, crossing

S = 12
PAIR = RunConfig(task="copy_sequence", cell="gru", seq_len=S)
SHARED = ("gradient_flow", "step_jacobians", "transport", "gates")


def history_of(*frames: Frame, config: RunConfig = PAIR) -> History:
    history = History(config)
    for each in frames:
        history.append_scalars([row(each.step)])
        history.append_frame(each)
    return history


def trace(figure: go.Figure, uid: str) -> Any:
    return next(each for each in figure.data if each.uid == uid)


def attended(config: RunConfig = PAIR, step: int = 3) -> Frame:
    """With a dashed line a hundred times below the encoder's."""
    made = frame(config, step)
    encoder = made.layers["encoder.l0"]
    alone = encoder.hidden_grad_log10 - np.float32(2)
    return replace(
        made,
        layers=made.layers | {"encoder.l0": replace(encoder, last_state_grad_log10=alone)},
    )


def test_the_decoders_timesteps_follow_the_encoders() -> None:
    figure = figures.bottleneck(history_of(frame(PAIR)))
    encoder, decoder = trace(figure, "encoder.l0"), trace(figure, "decoder.l0")
    assert list(encoder.x) == list(range(1, S + 1))
    assert list(decoder.x) == list(range(S + 1, 2 * S + 1))
    assert list(decoder.customdata) == list(range(1, S + 1))
    assert "t = %{customdata}" in decoder.hovertemplate
    assert figure.layout.shapes[0].x0 == S + 0.5
    assert figure.layout.annotations[0].text == "bottleneck"
    assert figure.layout.xaxis.title.text == "timestep t of the encoder, then of the decoder"
    assert figure.layout.yaxis.type == "log"


def test_its_numbers_are_those_that_were_measured() -> None:
    made = frame(PAIR)
    figure = figures.bottleneck(history_of(made))
    for name, layer in made.layers.items():
        means = (10.0 ** layer.hidden_grad_log10.astype(float)).mean(axis=1)
        np.testing.assert_allclose(trace(figure, name).y, means, rtol=1e-6)


def test_ticks_count_each_half_from_its_own_1() -> None:
    for timesteps, expected in (
        (12, ["1", "5", "1", "5", "10"]),
        (40, ["1", "10", "20", "30", "1", "10", "20", "30", "40"]),
        (2, ["1", "1", "2"]),
    ):
        axis = figures.bottleneck(history_of(frame(PAIR.replace(seq_len=timesteps)))).layout.xaxis
        assert list(axis.ticktext) == expected
        own = [place - timesteps * (place > timesteps) for place in axis.tickvals]
        assert [str(each) for each in own] == expected


def test_with_attention_a_line_is_what_the_bottleneck_alone_brings() -> None:
    with_attention = figures.bottleneck(history_of(attended()))
    alone, whole = trace(with_attention, "alone"), trace(with_attention, "encoder.l0")
    np.testing.assert_allclose(alone.y, whole.y / 100, rtol=1e-5)
    assert alone.line.dash == "dash"
    uids = [each.uid for each in figures.bottleneck(history_of(frame(PAIR))).data]
    assert "alone" not in uids


def test_the_facts_are_both_horizons() -> None:
    made = frame(PAIR)
    encoder = replace(made.layers["encoder.l0"], gradient_horizon=np.full(4, np.inf, "f4"))
    made = replace(made, layers=made.layers | {"encoder.l0": encoder})
    text = figures.bottleneck(history_of(made)).layout.title.text
    assert "step 1 · horizon ∞ in the encoder, 10 in the decoder<" in text


@pytest.mark.parametrize("name", SHARED)
def test_pictures_of_a_page_share_the_axis(name: str) -> None:
    figure = figures.LIVE[name](history_of(frame(PAIR)))
    places = np.concatenate([each.x for each in figure.data if each.uid == "reset"] or [[2 * S]])
    assert places.max() == 2 * S
    assert figure.layout.meta["axis"] == "place"
    assert figure.layout.shapes[0].x0 == S + 0.5
    plain = figures.LIVE[name](fabricate(RunConfig(cell="gru")))
    assert plain.layout.meta["axis"] == "timestep"


def test_gates_are_the_encoders_and_then_the_decoders() -> None:
    made = frame(PAIR)
    decoder = made.layers["decoder.l0"]
    gates = {name: values / 2 for name, values in decoder.gates.items()}
    made = replace(made, layers=made.layers | {"decoder.l0": replace(decoder, gates=gates)})
    figure = figures.gates(history_of(made))
    np.testing.assert_allclose(trace(figure, "update").y, [0.5] * S + [0.25] * S)
    one = figures.gates(history_of(made), layer="encoder.l0")
    np.testing.assert_allclose(trace(one, "update").y, [0.5] * S)


def test_a_horizon_is_marked_in_its_own_half() -> None:
    figure = figures.transport(history_of(frame(PAIR)))
    # 0.9^10 is the first power below 1/e: ten back from 12, and from 24.
    assert [shape.x0 for shape in figure.layout.shapes] == [S + 0.5, S - 10, 2 * S - 10]


def test_over_training_the_encoder_lies_below_the_decoder() -> None:
    frames = [attended(step=step) for step in (1, 4, 7)]
    figure = figures.gradient_flow_over_training(history_of(*frames))
    means = [
        np.log10((10.0 ** each.hidden_grad_log10.astype(float)).mean(axis=1))
        for each in frames[0].layers.values()
    ]
    np.testing.assert_allclose(trace(figure, "flow").z[:, 0], np.concatenate(means), atol=1e-5)
    assert list(trace(figure, "bottleneck").y) == [S + 0.5, S + 0.5]
    assert "encoder below, decoder above" in figure.layout.title.text
    one = figures.gradient_flow_over_training(history_of(*frames), layer="decoder.l0")
    assert trace(one, "flow").z.shape[0] == S


def test_set_ups_are_compared_along_both() -> None:
    runs = {"none": [history_of(frame(PAIR))], "dot": [history_of(attended())]}
    figure = figures.compare_flow(runs)
    assert list(trace(figure, "setup-0").x) == list(range(1, 2 * S + 1))
    assert figure.layout.shapes[0].x0 == S + 0.5
    medians = [np.median(each.hidden_grad_log10, axis=1) for each in frame(PAIR).layers.values()]
    np.testing.assert_allclose(trace(figure, "setup-0").y, np.concatenate(medians), atol=1e-5)


def test_compared_transports_do_not_go_on_from_encoder_to_decoder() -> None:
    runs = {"none": [history_of(frame(PAIR))], "dot": [history_of(attended())]}
    line = trace(figures.compare_transport(runs), "setup-1")
    medians = [np.median(each.transport_log10, axis=1) for each in frame(PAIR).layers.values()]
    np.testing.assert_allclose(line.y[:S], medians[0], atol=1e-5)
    assert np.isnan(line.y[S])
    np.testing.assert_allclose(line.y[S + 1 :], medians[1], atol=1e-5)
    assert list(line.x[S + 1 :]) == list(range(S + 1, 2 * S + 1))


def test_beside_another_network_they_begin_together() -> None:
    plain = RunConfig(cell="gru", seq_len=S)
    runs = {"pair": [history_of(frame(PAIR))], "one": [history_of(frame(plain), config=plain)]}
    figure = figures.compare_flow(runs)
    assert not figure.layout.shapes
    assert figure.layout.xaxis.title.text == "timestep t"


def test_a_card_shows_both() -> None:
    drawn = card(history_of(frame(PAIR), attended(step=9)))
    assert f">{2 * S}<" in drawn
    assert 'stroke-dasharray="1 3"' in drawn
    assert 'stroke-dasharray="1 3"' not in card(fabricate())


@pytest.mark.slow
@every("name", [*figures.ENCODER_DECODER, *figures.GATES, *figures.VANISHING])
@every("theme", ["light", "dark"])
@every("cell", ["rnn", "lstm", "gru"])
def test_every_picture_is_drawn_of_two_layers_each(name: str, theme: str, cell: str) -> None:
    config = PAIR.replace(cell=cell, num_layers=2)
    history = looked(config)
    everything = {**figures.ENCODER_DECODER, **figures.GATES, **figures.VANISHING}
    assert figures.as_json(everything[name](history, theme=theme))


def test_networks_of_a_users_own_names_are_told_by_their_modules() -> None:
    layer = layer_frame(PAIR)

    def of(*names: str) -> Any:
        return crossing(Frame(step=1, layers=dict.fromkeys(names, layer)))

    assert of("model.encoder.l0", "model.decoder.l0").timesteps == 2 * S
    assert of("encoder.l0", "encoder.l0_reverse", "decoder.l0").tops[0] is layer
    for names in (
        ("l0",),
        ("encoder.l0",),
        ("encoder.l0", "decoder.l0", "decoder.l0#2"),
        ("encoder.l0", "decoder.l0", "critic.l0"),
        ("autoencoder.l0", "decoder.l0"),
    ):
        assert of(*names) is None
    assert crossing(None) is None


def test_what_arrives_is_the_middle_probes_ratio() -> None:
    made = attended()
    encoder, decoder = (each.hidden_grad_log10[0].astype(float) for each in made.layers.values())
    pair = crossing(made)
    expected = sorted(encoder - decoder)[4]
    assert pair.arriving_log10 == pytest.approx(expected)
    assert pair.arriving_alone_log10 == pytest.approx(expected - 2, abs=1e-5)
    assert np.isnan(crossing(frame(PAIR)).arriving_alone_log10)
    decoder = replace(
        made.layers["decoder.l0"], hidden_grad_log10=np.full((S, 8), -np.inf, np.float32)
    )
    gone = replace(made, layers=made.layers | {"decoder.l0": decoder})
    assert np.isnan(crossing(gone).arriving_log10)
