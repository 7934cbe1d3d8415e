"""Words on transport by lag: each number in them is one that was measured, or theory's for it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from closeups import close_up, seen

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.history import CloseUp, History
from gradviz.reading import read_vanishing

RNN = RunConfig(seq_len=60, hidden_size=8)
LSTM = RunConfig(seq_len=60, hidden_size=8, cell="lstm")


def words(config: RunConfig, closeup: CloseUp | None = None, **layer: Any) -> str:
    return " ".join(read_vanishing(seen(config, closeup, **layer)).sentences)


def with_radius(radius: float, **more: Any) -> CloseUp:
    return close_up(RNN, recurrent_eigenvalues=np.array([radius, 0.1], "c8"), **more)


def test_before_there_is_anything() -> None:
    assert read_vanishing(History(RNN)).sentences == ["Nothing has been measured yet."]
    history = seen(RNN)
    layer = replace(history.frames[-1].layers["l0"], transport_log10=None)
    history.append_frame(replace(history.frames[-1], layers={"l0": layer}))
    assert read_vanishing(history).sentences == ["The transport of this step was not measured."]


def test_a_gradient_that_vanishes() -> None:
    said = read_vanishing(seen(RNN, with_radius(0.58), rate=0.5))
    assert said.level == "warning"
    assert said.sentences[0] == (
        "Over 59 timesteps the measured gradient shrinks to 1e-18 of itself, "
        "a factor of 0.5 a timestep on average."
    )
    # 59 lg .58 = −13.96 and 59 lg .5 = −17.76; 1.16^59 = 6354; 1.25^59 = 5.2e5.
    assert said.sentences[1] == (
        "The linear network with the same ρ = 0.58 gives 1e-14: "
        "the measured factor is 6350 times less."
    )
    assert said.sentences[2].startswith(
        "Pascanu's bound 1e6 only says that it cannot be more; mean field gives 1e-21 for the rms"
    )


def test_a_gradient_that_grows() -> None:
    said = read_vanishing(seen(RNN, with_radius(3.0), rate=1.2))
    assert said.level == "warning"
    assert "the measured gradient grows 1e5 times, a factor of 1.2 a" in said.sentences[0]
    assert "ρ = 3 gives 1e28: the measured factor is 1e23 times less" in said.sentences[1]


def test_a_gradient_that_is_kept() -> None:
    said = read_vanishing(seen(RNN, with_radius(1.0), rate=1.0))
    assert said.level == "info"
    assert said.sentences[0] == (
        "Over 59 timesteps the measured gradient ends as large as it began, "
        "a factor of 1 a timestep on average."
    )
    assert said.sentences[1] == "The linear network with the same ρ = 1 gives 1, about the same."
    assert "shrinks to 0.988 of itself" in words(RNN, rate=0.9998)


def test_the_radius_has_digits_enough_for_its_power() -> None:
    # 1.0005^59 = 1.0299
    assert "ρ = 1.0005 gives 1.03" in words(RNN, with_radius(1.0005), rate=0.9)


def test_about_the_same_means_within_a_factor_of_two() -> None:
    assert "gives 1e-18, about the same." in words(RNN, with_radius(0.5), rate=0.5)
    assert "about the same" not in words(RNN, with_radius(0.51), rate=0.5)
    assert "is 2.05 times less" in words(RNN, with_radius(0.5 * 2.05 ** (1 / 59)), rate=0.5)


def test_what_the_bound_says() -> None:
    assert "bound is" not in words(LSTM, close_up(LSTM))
    for bound, said in (
        (1.25, "1e6 only says that it cannot be more"),
        (0.999999, "1 only says that it cannot be more"),
        (0.9, "0.002 already promises that it shrinks"),
        (0.5, "1e-18 is reached within a factor of 2"),
    ):
        history = seen(RNN, close_up(RNN), rate=0.5)
        layer = replace(history.frames[-1].layers["l0"], jacobian_bound=bound)
        history.append_frame(replace(history.frames[-1], layers={"l0": layer}))
        assert f"Pascanu's bound {said}" in " ".join(read_vanishing(history).sentences)


def test_a_peak_in_between_is_told() -> None:
    history = seen(RNN)
    lags = np.arange(60.0)
    values = (0.5 * lags * np.exp(-lags / 10) - 0.03 * lags)[::-1, None].astype("f4")
    layer = replace(history.frames[-1].layers["l0"], transport_log10=values)
    history.append_frame(replace(history.frames[-1], layers={"l0": layer}))
    said = read_vanishing(history).sentences[0]
    peak = int(values[::-1].argmax())
    assert f"in between, {peak} timesteps back, it is" in said
    assert "shrinks to" in said


@pytest.mark.parametrize("rate", [0.3, 0.64, 0.9])
def test_a_gated_cell_is_not_said_to_keep_its_gradient(rate: float) -> None:
    """Trap 2: what is said follows the measured factor, whatever the cell is called."""
    said = read_vanishing(seen(LSTM, close_up(LSTM, rate=rate), rate=rate))
    assert said.level == "warning"
    assert "shrinks" in said.sentences[0]
    assert not re.search("keep|solve|reach|LSTM|grows", " ".join(said.sentences))
    assert len(said.sentences) == 1


@pytest.mark.parametrize("rate", [0.6, 0.99, 1.0, 1.15])
def test_the_words_say_what_the_picture_draws(rate: float) -> None:
    history = seen(RNN, close_up(RNN), rate=rate)
    drawn = next(t for t in figures.transport_by_lag(history).data if t.uid == "measured")
    said = read_vanishing(history).sentences[0]
    factor = re.search(r"factor of ([\d.]+) a timestep", said)
    assert factor
    assert float(factor[1]) == pytest.approx(10 ** (drawn.y[-1] / 59), rel=5e-3)
    assert ("grows" in said) == (drawn.y[-1] > 0)


def test_numbers_that_are_not_finite_are_left_out() -> None:
    bad = close_up(
        RNN,
        recurrent_eigenvalues=np.full(8, np.nan, "c8"),
        transport_rms_log10=np.full(60, np.nan),
        weight_variance=np.inf,
    )
    assert "nan" not in words(RNN, bad)
    assert "inf" not in words(RNN, bad)


def with_transport(values: np.ndarray) -> History:
    """A frame whose transport is this, (T, Q) by t."""
    history = seen(RNN)
    layer = replace(history.frames[-1].layers["l0"], transport_log10=values.astype("f4"))
    history.append_frame(replace(history.frames[-1], layers={"l0": layer}))
    return history


def test_a_gradient_that_is_zero_from_some_lag_on_is_told() -> None:
    """Dead ReLUs: the logarithm is −∞, which is not the same as not measured."""
    values = np.full((60, 3), -np.inf)
    values[-3:] = [[-0.4], [-0.2], [0.0]]
    said = read_vanishing(with_transport(values))
    assert said.level == "warning"
    assert said.sentences[0] == (
        "Over 2 timesteps the measured gradient shrinks to 0.398 of itself, a factor of 0.631 "
        "a timestep on average; from 3 timesteps back on it is exactly zero."
    )
    values[:-1] = -np.inf
    said = read_vanishing(with_transport(values))
    assert said.sentences == ["From 1 timestep back on the measured gradient is exactly zero."]
    assert said.level == "warning"


def test_a_middle_probe_that_is_nowhere_a_number() -> None:
    values = np.full((60, 3), np.nan)
    values[:, 0] = 0.0
    unknown = ["The transport of this step was not measured."]
    assert read_vanishing(with_transport(values)).sentences == unknown
    values[-1] = 0.0
    assert read_vanishing(with_transport(values)).sentences == unknown


@pytest.mark.parametrize("rate", [1.0, 1.00001, 0.999999])
def test_what_hardly_changes_neither_grows_nor_shrinks(rate: float) -> None:
    said = read_vanishing(seen(RNN, close_up(RNN), rate=rate)).sentences[0]
    assert said == (
        "Over 59 timesteps the measured gradient ends as large as it began, "
        "a factor of 1 a timestep on average."
    )


def test_a_single_timestep() -> None:
    history = seen(RNN)
    layer = replace(
        history.frames[-1].layers["l0"],
        transport_log10=np.zeros((1, 2), "f4"),
        hidden_grad_log10=np.zeros((1, 2), "f4"),
    )
    history.append_frame(replace(history.frames[-1], layers={"l0": layer}))
    assert "carries nothing back" in read_vanishing(history).sentences[0]
    assert figures.transport_by_lag(history).data


def test_training_that_is_truncated_does_not_change_what_the_network_carries() -> None:
    whole, stopped = words(RNN, rate=0.5), words(RNN.replace(bptt_window=20), rate=0.5)
    added = "; training's own is truncated 20 timesteps back"
    assert stopped.count(added) == 1
    assert stopped.replace(added, "") == whole
    assert "truncated" not in words(RNN.replace(bptt_window=60), rate=0.5)
