"""Pictures of a gradient that stops and of a state that goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fabricated import fabricate, frame, layer_frame

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.history import History

ONCE = RunConfig(seq_len=60, bptt_window=20)
EVERY = RunConfig(task="copy_memory", seq_len=30, bptt_window=20, bptt_every=8)
PIECES = RunConfig(seq_len=20, bptt_window=5, readout="mean")
CARRIED = RunConfig(task="sunspots", seq_len=10, batch_size=8, state="stateful", num_layers=2)


def stopped(config: RunConfig) -> History:
    """A run whose gradient is zero before its first window."""
    history, first = History(config, floor=1 / 6), config.windows[0].first
    layer = layer_frame(config)
    layer.hidden_grad_log10[:first] = -np.inf
    history.append_frame(replace(frame(config), layers={"l0": layer}))
    return history


def title(figure: Any) -> str:
    return str(figure.layout.title.text)


def trace(figure: Any, uid: str) -> Any:
    (found,) = [each for each in figure.data if each.uid == uid]
    return found


def spans(found: Any) -> list[tuple[float, float, float]]:
    """From where to where, and in which row."""
    x, y = np.reshape(found.x, (-1, 3)), np.reshape(found.y, (-1, 3))
    assert np.isnan(x[:, 2]).all()
    return [(*ends, row) for ends, row in zip(x[:, :2].tolist(), y[:, 0].tolist(), strict=True)]


def test_an_answer_at_the_end_goes_back_through_one_window() -> None:
    figure = figures.truncation(stopped(ONCE))
    assert spans(trace(figure, "losses")) == [(59.5, 60.5, 1)]
    assert spans(trace(figure, "through")) == [(40.5, 59.5, 1)]
    assert trace(figure, "stops").x.tolist() == [40.5]
    assert trace(figure, "stops").text == ("no gradient at t = 40 and before",)
    assert trace(figure, "through").text[0] == "the loss of t = 60 goes back to t = 41"
    assert ">k2 = 20 · ‖" in title(figure)


def test_windows_that_overlap() -> None:
    figure = figures.truncation(stopped(EVERY))
    assert spans(trace(figure, "losses"))[:3] == [(0.5, 2.5, 1), (2.5, 10.5, 2), (10.5, 18.5, 3)]
    assert spans(trace(figure, "losses"))[-1] == (42.5, 50.5, 7)
    # The first one's losses are all that it goes through.
    assert spans(trace(figure, "through"))[0] == (0.5, 2.5, 2)
    assert trace(figure, "stops").x.tolist() == [6.5, 14.5, 22.5, 30.5]
    assert ">k1 = 8, k2 = 20 · ‖" in title(figure)


def test_pieces_have_no_thin_part() -> None:
    figure = figures.truncation(stopped(PIECES))
    assert [each.uid for each in figure.data] == ["state", "losses", "stops"]
    assert spans(trace(figure, "losses"))[1] == (5.5, 10.5, 2)


@pytest.mark.parametrize("config", [ONCE, EVERY, PIECES])
def test_the_state_goes_on_above_them_from_before_the_first_timestep(config: RunConfig) -> None:
    figure = figures.truncation(stopped(config))
    state = trace(figure, "state")
    assert list(state.x) == [0, config.timesteps]
    assert state.y[0] == state.y[1] > max(trace(figure, "losses").y[::3])
    assert "from zeros" in state.hovertemplate
    # 0.9 a timestep, T − 1 times.
    power = np.log10(0.9) * (config.timesteps - 1)
    assert f"‖∂s<sub>T</sub>/∂s<sub>1</sub>‖ = 10<sup>{power:.1f}</sup>" in title(figure)


def test_a_carried_state_comes_from_the_batch_before() -> None:
    state = trace(
        figures.truncation(stopped(CARRIED.replace(num_layers=1, bptt_window=4))), "state"
    )
    assert "from the batch before to the next batch" in state.hovertemplate


def test_of_many_windows_some_are_drawn_with_the_last() -> None:
    config = RunConfig(seq_len=500, bptt_window=10, readout="mean")
    figure = figures.truncation(stopped(config))
    drawn = spans(trace(figure, "losses"))
    assert len(drawn) == 17
    assert drawn[-1][:2] == (490.5, 500.5)
    assert "k1 = 10, k2 = 10 · 17 of 50 drawn" in title(figure)


def test_nothing_truncated_nothing_drawn() -> None:
    figure = figures.truncation(fabricate(RunConfig()))
    assert not figure.data
    assert figure.layout.annotations[0].text == "Nothing is truncated"
    assert figures.truncation(History(ONCE)).data


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", figures.STATE)
def test_they_are_drawn_in_both_themes_and_as_json(name: str, theme: str) -> None:
    for history in (stopped(ONCE), carrying([0.0, 1.0]), History(ONCE), fabricate(ONCE, steps=1)):
        assert figures.as_json(figures.STATE[name](history, theme=theme))


def test_the_flow_marks_where_it_was_stopped_and_leaves_out_no_zeros() -> None:
    figure = figures.gradient_flow(stopped(ONCE))
    assert [shape.x0 for shape in figure.layout.shapes] == [40.5]
    assert "gradient stopped" in [each.text for each in figure.layout.annotations]
    assert "zeros left out" not in title(figure)
    assert np.isnan(trace(figure, "l0").y[:40]).all()
    assert np.isfinite(trace(figure, "l0").y[40:]).all()
    # A zero that no truncation explains is still told.
    history = stopped(ONCE)
    history.frames[0].layers["l0"].hidden_grad_log10[50] = -np.inf
    assert "zeros left out" in title(figures.gradient_flow(history))


def test_too_many_stops_are_not_marked() -> None:
    figure = figures.gradient_flow(stopped(RunConfig(seq_len=500, bptt_window=10, readout="mean")))
    assert not figure.layout.shapes
    assert len(figures.gradient_flow(stopped(EVERY)).layout.shapes) == 4


def test_the_flow_over_training_says_that_it_was_stopped() -> None:
    figure = figures.gradient_flow_over_training(stopped(ONCE))
    assert "stopped before t = 41" in title(figure)
    assert "grey" not in title(figure)
    history = stopped(ONCE)
    history.frames[0].layers["l0"].hidden_grad_log10[50] = -np.inf
    assert "grey: 0 or not finite · stopped before t = 41" in title(
        figures.gradient_flow_over_training(history)
    )


def test_a_comparison_says_that_it_was_stopped() -> None:
    runs = {"short": [stopped(ONCE)], "whole": [fabricate(RunConfig(seq_len=60))]}
    told = title(figures.compare_flow(runs))
    assert "stopped by truncation where a line begins late" in told
    assert "zeros left out" not in told


def carrying(norms: list[float]) -> History:
    """A run whose frames begin with states of these norms, in the top layer half of them."""
    history = History(CARRIED)
    for index, norm in enumerate(norms):
        layers = {
            f"l{i}": replace(layer_frame(CARRIED), start_norm=np.array([norm, 3 * norm]) / (i + 1))
            for i in range(2)
        }
        history.append_frame(replace(frame(CARRIED, 1 + 5 * index), layers=layers))
    return history


def test_the_carried_states_size_by_step() -> None:
    figure = figures.carried_state(carrying([0.0, 1.0, 2.0, 0.0]))
    lower, upper = trace(figure, "l0"), trace(figure, "l1")
    assert lower.x.tolist() == [1, 6, 11, 16]
    assert lower.y.tolist() == [0, 2, 4, 0]
    assert upper.y.tolist() == [0, 1, 2, 0]
    assert "2 of 4 frames begin with zeros" in title(figure)
    assert "mean and range of 2 sequences" in title(figure)


def test_a_stateless_run_carries_nothing() -> None:
    figure = figures.carried_state(fabricate(RunConfig(), steps=10))
    assert not figure.data
    assert "began with zeros" in figure.layout.annotations[0].text
