"""Transport by lag, spectra, the pulse and the non-normal example: their numbers."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from closeups import close_up, seen

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.history import History

RNN = RunConfig(seq_len=20, hidden_size=8)


def like(**changes: Any) -> RunConfig:
    """RNN, with these settings changed."""
    return RunConfig.from_dict(RNN.to_dict() | changes)


LSTM = like(cell="lstm")
EVERY = pytest.mark.parametrize("name", list(figures.VANISHING))


def uids(figure: go.Figure) -> list[str]:
    return [trace.uid for trace in figure.data]


def trace(figure: go.Figure, uid: str) -> Any:
    return next(each for each in figure.data if each.uid == uid)


def texts(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


@EVERY
def test_what_each_says_before_there_is_anything(name: str) -> None:
    empty = figures.VANISHING[name](History(RNN))
    assert not empty.data
    assert texts(empty) == ["Nothing trained yet"]


@pytest.mark.parametrize("name", ["eigenvalues", "singular_values", "pulse"])
def test_without_a_close_up(name: str) -> None:
    assert texts(figures.VANISHING[name](seen(RNN))) == ["Not measured at this step"]


@EVERY
@pytest.mark.parametrize("config", [RNN, LSTM, like(cell="gru")], ids=lambda c: c.cell)
def test_each_is_drawn_for_each_cell_in_both_themes(name: str, config: RunConfig) -> None:
    history = seen(config, close_up(config))
    light, dark = (figures.VANISHING[name](history, theme=each) for each in ("light", "dark"))
    assert uids(light) == uids(dark)
    assert light.data
    assert "step 7" in light.layout.title.text
    with pytest.raises(ValueError, match="theme must be light or dark"):
        figures.VANISHING[name](history, theme="sepia")


@EVERY
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite(name: str, bad: float) -> None:
    made = close_up(RNN)
    spoilt = {
        each: np.full_like(getattr(made, each), bad)
        for each in (
            "recurrent_eigenvalues",
            "jacobian_eigenvalues",
            "jacobian_singular_values",
            "pulse_log10",
            "transport_rms_log10",
        )
    }
    variances = {"weight_variance": bad, "drive_variance": bad}
    history = seen(RNN, replace(made, **spoilt, **variances))
    sent = json.loads(figures.as_json(figures.VANISHING[name](history)))
    if name != "transport_by_lag":
        assert not sent["data"]
        assert sent["layout"]["annotations"]


def test_transport_by_lag_beside_theory() -> None:
    figure = figures.transport_by_lag(seen(RNN, close_up(RNN), rate=0.5))
    lags = np.arange(20)
    assert uids(figure) == ["band", "measured", "rms", "linear", "bound", "mean field", "1/e"]
    for uid, factor in (("measured", 0.5), ("linear", 0.6), ("bound", 1.25)):
        np.testing.assert_allclose(trace(figure, uid).y, lags * math.log10(factor), atol=1e-6)
        assert list(trace(figure, uid).x) == list(lags)
    np.testing.assert_allclose(trace(figure, "rms").y, lags * math.log10(0.9) * 1.1, atol=1e-6)
    # σ_w² = 1/3, σ_u² = 0.4: √χ₁ = 0.4458, by a random network in the tests of theory.
    np.testing.assert_allclose(trace(figure, "mean field").y, lags * -0.3509, rtol=1e-3)
    assert "rms" in trace(figure, "mean field").name
    assert trace(figure, "1/e").y[0] == pytest.approx(math.log10(1 / math.e))
    assert "ρ = 0.6 · middle and range of 4 sequences" in figure.layout.title.text
    assert figure.layout.meta == {"axis": "lag"}


def test_gated_cells_show_what_exists() -> None:
    figure = figures.transport_by_lag(seen(LSTM, close_up(LSTM)))
    assert uids(figure) == ["band", "measured", "rms", "1/e"]


def test_a_bound_far_away_does_not_squash_what_was_measured() -> None:
    far = close_up(RNN, recurrent_eigenvalues=np.array([100.0, 1.0], "c8"))
    figure = figures.transport_by_lag(seen(RNN, far, rate=0.9))
    linear = np.array(trace(figure, "linear").y, float)
    np.testing.assert_allclose(linear[:4], [0, 2, 4, 6], rtol=1e-6)
    assert np.isnan(linear[4:]).all()


def test_the_float32_floor_once_it_is_near() -> None:
    assert "floor" not in uids(figures.transport_by_lag(seen(RNN, close_up(RNN), rate=0.5)))
    faint = figures.transport_by_lag(seen(RNN, close_up(RNN), rate=0.05))
    assert trace(faint, "floor").y[0] == pytest.approx(math.log10(1.1754944e-38))
    double = like(dtype="float64")
    assert "floor" not in uids(figures.transport_by_lag(seen(double, close_up(double), rate=0.05)))


def test_transport_that_was_not_measured_leaves_the_rms_or_a_sentence() -> None:
    history = seen(RNN, close_up(RNN))
    layer = replace(history.frames[-1].layers["l0"], transport_log10=None)
    history.append_frame(replace(history.frames[-1], layers={"l0": layer}))
    assert "rms" in uids(figures.transport_by_lag(history))
    history.append_frame(replace(history.frames[-1], closeup=None))
    assert texts(figures.transport_by_lag(history)) == ["Not measured at this step"]


def test_scrubbing_shows_an_earlier_close_up() -> None:
    history = seen(RNN, close_up(RNN))
    later = close_up(RNN, jacobian_singular_values=np.full(8, 0.5, "f4"))
    history.append_frame(replace(history.frames[-1], step=9, closeup=later))
    assert trace(figures.singular_values(history, 7), "sigma").y[0] == np.float32(1.1)
    assert trace(figures.singular_values(history), "sigma").y[0] == 0.5


def test_eigenvalues_in_the_complex_plane() -> None:
    figure = figures.eigenvalues(seen(RNN, close_up(RNN)))
    circle, weights, jacobian = figure.data
    np.testing.assert_allclose(np.hypot(circle.x, circle.y), 1, rtol=1e-6)
    np.testing.assert_allclose(np.hypot(weights.x, weights.y), 0.6, rtol=1e-6)
    assert weights.y[1] == pytest.approx(0.6 * math.sin(math.pi / 4))
    np.testing.assert_allclose(jacobian.x, np.linspace(-0.5, 0.4, 8), rtol=1e-6)
    assert figure.layout.yaxis.scaleanchor == "x"
    assert "ρ(W<sub>hh</sub>) = 0.6" in figure.layout.title.text
    assert "t = 20 · ρ" in figure.layout.title.text
    assert "ρ(J<sub>t</sub>) = 0.5" in figure.layout.title.text


def test_a_gated_cell_has_eigenvalues_of_its_jacobian_only() -> None:
    assert uids(figures.eigenvalues(seen(LSTM, close_up(LSTM)))) == ["circle", "J<sub>t</sub>"]


def test_a_matrix_too_large_is_said_to_be() -> None:
    none = {each: np.empty(0, "c8") for each in ("recurrent_eigenvalues", "jacobian_eigenvalues")}
    large = close_up(RNN, **none, jacobian_singular_values=np.empty(0, "f4"))
    for picture in (figures.eigenvalues, figures.singular_values):
        assert texts(picture(seen(RNN, large))) == ["Too large a matrix to be decomposed live"]
    assert "linear" not in uids(figures.transport_by_lag(seen(RNN, large)))


def test_singular_values_and_their_axis() -> None:
    near = figures.singular_values(seen(RNN, close_up(RNN)))
    np.testing.assert_allclose(trace(near, "sigma").y, np.linspace(1.1, 0.2, 8), rtol=1e-6)
    assert list(trace(near, "sigma").x) == list(range(1, 9))
    assert trace(near, "one").y[0] == 1
    assert near.layout.yaxis.type is None
    values = np.array([1.0, 1e-3, 0.0], "f4")
    wide = figures.singular_values(seen(RNN, close_up(RNN, jacobian_singular_values=values)))
    assert wide.layout.yaxis.type == "log"
    assert np.isnan(trace(wide, "sigma").y[2])
    assert "‖J<sub>t</sub>‖₂ = 1, least 0" in wide.layout.title.text


def test_the_pulse_goes_back_frame_by_frame() -> None:
    closeup = close_up(LSTM)
    figure = figures.pulse(seen(LSTM, closeup))
    assert [frame.name for frame in figure.frames] == [f"t = {t}" for t in range(20, -1, -1)]
    sent = json.loads(figures.as_json(figure))
    for t in (20, 7, 0):
        frame = sent["frames"][20 - t]
        h, c, point = frame["data"]
        assert frame["traces"] == [0, 1, 2]
        assert (h["type"], c["type"], point["type"]) == ("bar", "bar", "scatter")
        both = np.concatenate([decoded(h["y"]), decoded(c["y"])])
        np.testing.assert_allclose(both, np.abs(closeup.pulse[t]), rtol=1e-6)
        assert (point["x"], point["y"]) == ([t], [pytest.approx((20 - t) * math.log10(0.9))])
        assert set(h) == {"type", "y"}


def test_the_pulse_begins_at_its_own_unit() -> None:
    figure = figures.pulse(seen(RNN, close_up(RNN)))
    assert list(trace(figure, "h").y) == [1] + 7 * [0]
    assert trace(figure, "now").x == (20,)
    assert list(trace(figure, "length").x) == list(range(21))
    assert "from unit 1 of h<sub>T</sub>" in figure.layout.title.text


def test_a_frame_changes_traces_that_are_there() -> None:
    figure = figures.pulse(seen(LSTM, close_up(LSTM)))
    kinds = [each.type for each in figure.data]
    for frame in figure.frames:
        assert [each.type for each in frame.data] == [kinds[i] for i in frame.traces]


def test_long_sequences_have_fewer_frames_and_little_json() -> None:
    config = like(seq_len=400, hidden_size=256, batch_size=1)
    figure = figures.pulse(seen(config, close_up(config)))
    assert len(figure.frames) == 30_000 // 256
    assert [figure.frames[0].name, figure.frames[-1].name] == ["t = 400", "t = 0"]
    assert len(figures.as_json(figure)) < 250_000


def test_a_pulse_that_died_is_a_gap() -> None:
    closeup = close_up(RNN)
    pulse, lengths = closeup.pulse.copy(), closeup.pulse_log10.copy()
    pulse[:5], lengths[:5] = 0, -np.inf
    figure = figures.pulse(seen(RNN, replace(closeup, pulse=pulse, pulse_log10=lengths)))
    assert np.isnan(trace(figure, "length").y[:5]).all()
    assert figure.frames[-1].data[-1].y == (None,)
    assert not figure.frames[-1].data[0].y.any()


def test_powers_of_the_non_normal_example() -> None:
    figure = figures.powers(10.0, 0.9)
    norms = 10 ** trace(figure, "norms").y
    assert norms[1] == pytest.approx(10.0804, abs=5e-5)
    assert norms[9] == pytest.approx(38.7459, abs=5e-5)
    np.testing.assert_allclose(10 ** trace(figure, "radius").y, 0.9 ** np.arange(81))
    assert "largest 38.75 at k = 9 · first below 1 at k = 63" in figure.layout.title.text
    assert "first below" not in figures.powers(1.0, 1.5).layout.title.text
    assert np.isnan(trace(figures.powers(2.0, 0.0), "norms").y[2:]).all()


def decoded(values: Any) -> np.ndarray[Any, Any]:
    return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
