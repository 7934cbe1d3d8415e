"""What a layer did to a gradient, by lag, and what theory says of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from closeups import close_up, seen

from gradviz.config import RecordedConfig, RunConfig
from gradviz.history import Frame, History
from gradviz.recorded.codes import CLOSE_UP
from gradviz.theory.growth import ROUNDING, Growth, growth
from gradviz.theory.mean_field import jacobian_growth

RNN = RunConfig(seq_len=20, hidden_size=8)


def like(**changes: Any) -> RunConfig:
    """RNN, with these settings changed."""
    return RunConfig.from_dict(RNN.to_dict() | changes)


def grown(history: History) -> Growth:
    found = growth(history, history.frames[-1])
    assert found
    return found


def test_lags_count_back_from_the_last_timestep() -> None:
    found = grown(seen(RNN, close_up(RNN), rate=0.5))
    assert found.layer == "l0"
    assert found.middle_log10 is not None
    assert found.rms_log10 is not None
    np.testing.assert_allclose(found.middle_log10, np.arange(20) * np.log10(0.5), rtol=1e-6)
    np.testing.assert_allclose(found.rms_log10, np.arange(20) * np.log10(0.9) * 1.1)


def test_theory_of_the_measured_weights() -> None:
    found = grown(seen(RNN, close_up(RNN)))
    assert found.linear == pytest.approx(0.6)
    assert found.bound == 1.25
    assert found.mean_field == jacobian_growth(1 / 3, 0.4)


@pytest.mark.parametrize("config", [like(cell="lstm"), like(cell="gru")], ids=str)
def test_gated_cells_have_none_of_it(config: RunConfig) -> None:
    found = grown(seen(config, close_up(config)))
    assert found.transport_log10 is not None
    assert math.isnan(found.linear)
    assert math.isnan(found.bound)
    assert math.isnan(found.mean_field)


def test_mean_field_is_of_tanh_networks() -> None:
    relu = like(activation="relu")
    found = grown(seen(relu, close_up(relu)))
    assert found.linear == pytest.approx(0.6)
    assert math.isnan(found.mean_field)


def test_the_middle_probe_is_the_upper_of_two() -> None:
    history = seen(RNN)
    frame = history.frames[-1]
    values = np.array([[-4.0, -1, -3, -2], [0, 0, 0, 0]], "f4")
    layer = replace(frame.layers["l0"], transport_log10=values)
    found = growth(history, Frame(step=8, layers={"l0": layer}))
    assert found
    assert found.middle_log10 is not None
    assert found.middle_log10.tolist() == [0, -2]


def test_without_a_close_up_the_top_layer_that_reads_forward() -> None:
    history = seen(RNN)
    layer = history.frames[-1].layers["l0"]
    layers = {"l0": layer, "l1": layer, "l1_reverse": layer}
    found = growth(history, Frame(step=8, layers=layers))
    assert found
    assert found.layer == "l1"
    assert math.isnan(found.linear)
    assert growth(history, Frame(step=8, layers={"l0_reverse": layer})) is None


def test_a_recorded_run_is_not_known_to_be_tanh() -> None:
    history = History(RecordedConfig(model="RNN(2, 8)"))
    history.append_frame(seen(RNN, close_up(RNN)).frames[-1])
    assert math.isnan(grown(history).mean_field)


def test_nothing_finite_is_nothing_measured() -> None:
    spoilt = close_up(RNN, transport_rms_log10=np.full(20, np.nan))
    assert grown(seen(RNN, spoilt)).rms_log10 is None


def test_a_radius_that_was_rounded_up_is_not_above_the_norm() -> None:
    """No eigenvalue of a matrix is above its norm; a recorded one may be, by 2^-18."""
    rounded = close_up(RNN, recurrent_eigenvalues=np.array([1.250003, 0.1], "c8"))
    assert grown(seen(RNN, rounded)).linear == 1.25
    assert CLOSE_UP["recurrent_eigenvalues"].quantum == ROUNDING
    assert math.isnan(
        grown(seen(RNN, close_up(RNN, recurrent_eigenvalues=np.full(2, np.nan)))).linear
    )


def test_probes_whose_gradient_is_zero_count_as_the_least() -> None:
    history = seen(RNN)
    frame = history.frames[-1]
    zero = -np.inf
    values = np.array([[zero, zero, -3, zero], [zero, -2, -3, -1], [0, 0, 0, 0]], "f4")
    layer = replace(frame.layers["l0"], transport_log10=values)
    found = growth(history, Frame(step=8, layers={"l0": layer}))
    assert found
    assert found.zero_from == 2
    assert found.middle_log10 is not None
    np.testing.assert_array_equal(found.middle_log10, [0, -2, np.nan])
    assert grown(seen(RNN)).zero_from is None
