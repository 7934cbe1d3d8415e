"""The history: bounded, evenly thinned, asked at its edges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fabricated import fabricate, frame, record, row

from gradviz.config import RecordedConfig, RunConfig
from gradviz.history import (
    FRAME_BYTES,
    MAX_SCALARS,
    SCALARS,
    Failure,
    Frame,
    History,
    LayerFrame,
    LayerRecord,
    perplexity_at,
)

LIMIT = 64 * 2**20
SMALL = RunConfig(seq_len=4)


def scalars_upto(last: int) -> History:
    history = History(SMALL)
    history.append_scalars(row(step, loss=step / 10) for step in range(1, last + 1))
    return history


def held(history: History) -> int:
    """Bytes of what is kept, counted anew."""
    return sum(each.nbytes for each in history.frames)


@pytest.mark.parametrize("count", [10, 1000, 5000])
def test_frames_stay_within_their_memory_and_spread_evenly(count: int) -> None:
    """T = 1000, 4 LSTM layers: 300 kB a frame."""
    config = RunConfig(cell="lstm", num_layers=4, seq_len=1000, batch_size=1)
    big = frame(config)
    history = History(config)
    for step in range(1, count + 1):
        history.append_scalars([row(step)])
        # The arrays are shared here, but counted as every frame's own.
        history.append_frame(Frame(step=step, layers=big.layers))
        assert history.nbytes <= LIMIT
    assert history.nbytes == held(history) + history._table.nbytes
    steps = np.array([each.step for each in history.frames])
    assert steps[0] == 1
    assert steps[-1] == count
    gaps = np.diff(steps)
    # But for the last one the gaps are alike: between a frame's spacing and twice that.
    assert gaps[:-1].max() <= 2 * gaps[:-1].min()
    assert held(history) >= min(count * big.nbytes, FRAME_BYTES // 3)


def test_uneven_measuring_is_thinned_evenly_too() -> None:
    config = RunConfig(seq_len=100)
    history = History(config, frame_bytes=60 * frame(config).nbytes)
    step = 0
    draw = np.random.default_rng(1)
    for _ in range(2000):
        step += int(draw.integers(1, 6))
        history.append_frame(frame(config, step))
    gaps = np.diff([each.step for each in history.frames])[:-1]
    assert 25 <= len(history.frames) <= 60
    assert gaps.max() <= 2 * gaps.min() + 5


def test_the_newest_frame_is_always_there() -> None:
    config = RunConfig(seq_len=10)
    history = History(config, frame_bytes=8 * frame(config).nbytes)
    for step in range(1, 200):
        history.append_frame(frame(config, step))
        assert history.frames[-1].step == step
        assert history.frames[0].step == 1
        assert len(history.frames) <= 9


def test_the_same_step_looked_at_anew_takes_the_newest_frames_place() -> None:
    config = RunConfig(seq_len=10)
    history = History(config)
    for step in (1, 2, 2, 3):
        history.append_frame(frame(config, step))
    again = frame(config, 3)
    history.append_frame(again)
    assert [each.step for each in history.frames] == [1, 2, 3]
    assert history.frames[-1] is again
    assert history.nbytes == History(config).nbytes + 3 * again.nbytes


def test_scalars_of_every_step_up_to_100_000() -> None:
    history = scalars_upto(MAX_SCALARS)
    assert np.array_equal(history.column("step"), np.arange(1, MAX_SCALARS + 1))
    assert history.last_step == MAX_SCALARS


@pytest.mark.parametrize("last", [MAX_SCALARS + 1, MAX_SCALARS + 2, 2 * MAX_SCALARS + 17, 430_001])
def test_beyond_100_000_they_are_thinned_evenly(last: int) -> None:
    history = scalars_upto(last)
    steps = history.column("step")
    assert MAX_SCALARS // 2 <= len(steps) <= MAX_SCALARS + 1
    assert steps[0] == 1
    assert steps[-1] == history.last_step == last
    assert len(set(np.diff(steps)[:-1])) == 1
    np.testing.assert_allclose(history.column("loss"), steps / 10)
    assert history.nbytes <= LIMIT


def test_a_column_is_a_copy_cut_at_a_step() -> None:
    history = scalars_upto(10)
    column = history.column("loss")
    column[:] = -1
    assert history.column("loss")[0] == 0.1
    assert history.column("step", upto=4).tolist() == [1, 2, 3, 4]
    assert history.column("step", upto=0).tolist() == []
    assert history.column("step", upto=99).tolist() == list(range(1, 11))


def test_a_column_of_a_thinned_run_is_cut_at_a_step() -> None:
    history = scalars_upto(MAX_SCALARS + 4)
    assert history.column("step", upto=MAX_SCALARS + 3)[-1] == MAX_SCALARS + 3
    assert history.column("step", upto=MAX_SCALARS + 4)[-1] == MAX_SCALARS + 4
    assert history.column("step", upto=6).tolist() == [1, 3, 5]


def test_an_unknown_column() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        History(SMALL).column("losses")


def test_before_the_first_step() -> None:
    history = History(SMALL, floor=0.5)
    assert history.last_step == 0
    assert history.layer_names == []
    assert history.frame_at() is None
    assert history.frame_at(3) is None
    assert history.frames_upto() == []
    assert all(history.column(name).shape == (0,) for name in SCALARS)


@pytest.mark.parametrize(
    ("asked", "found"),
    [(None, 41), (0, 1), (1, 1), (10, 1), (11, 11), (35, 31), (41, 41), (900, 41)],
)
def test_frame_at_a_step_is_the_newest_not_after_it(asked: int | None, found: int) -> None:
    at = fabricate(SMALL, steps=50, every=10).frame_at(asked)
    assert at is not None
    assert at.step == found


@pytest.mark.parametrize(
    ("upto", "most", "steps"),
    [
        (None, None, [1, 11, 21, 31, 41]),
        (30, None, [1, 11, 21]),
        (0, None, []),
        (None, 9, [1, 11, 21, 31, 41]),
        (None, 3, [1, 21, 41]),
        (31, 2, [1, 31]),
    ],
)
def test_frames_upto(upto: int | None, most: int | None, steps: list[int]) -> None:
    frames = fabricate(SMALL, steps=50, every=10).frames_upto(upto, most=most)
    assert [each.step for each in frames] == steps


def test_a_single_frame_asked_for_is_the_newest() -> None:
    frames = fabricate(SMALL, steps=50, every=10).frames_upto(most=1)
    assert [each.step for each in frames] == [41]


def measured(P: int = 6, Q: int = 2) -> LayerRecord:
    draw = np.random.default_rng(0)
    return LayerRecord(
        hidden_grad_norm=np.array([[0.0] * P, [1e-60] * P, [1e-3] * P, [2.0] * P]),
        gates={"forget": draw.random((4, P, 5))},
        jacobian_norm=np.full((4, Q), 0.9),
        jacobian_bound=1.1,
        transport_log10=np.full((4, Q), -2.0),
        gradient_horizon=np.array([3.0, np.inf]),
    )


def test_a_measured_record_becomes_a_frame() -> None:
    layer = measured()
    history = History(SMALL)
    history.append(record(1, {"l0": layer}, accuracy=0.5))
    history.append(record(2, {"l0": LayerRecord()}))
    assert [each.step for each in history.frames] == [1]
    assert history.column("accuracy").tolist()[0] == 0.5
    assert np.isnan(history.column("accuracy")[1])
    kept = history.frames[0].layers["l0"]
    np.testing.assert_allclose(kept.hidden_grad_log10[:, 0], [-np.inf, -60, -3, np.log10(2)])
    gate = layer.gates["forget"].reshape(4, -1)
    np.testing.assert_allclose(kept.gates["forget"][0], gate.mean(axis=1), rtol=1e-6)
    low, high = kept.gates["forget"][1:, 0]
    assert ((gate[0] >= low) & (gate[0] <= high)).mean() == pytest.approx(0.8)
    assert {array.dtype for array in arrays(kept)} == {np.dtype("f4")}
    assert kept.nbytes == sum(array.nbytes for array in arrays(kept))
    assert history.frames[0].nbytes == kept.nbytes


def arrays(layer: LayerFrame) -> list[Any]:
    return [
        layer.hidden_grad_log10,
        *layer.gates.values(),
        layer.jacobian_norm,
        layer.transport_log10,
        layer.gradient_horizon,
    ]


def test_a_layer_that_was_not_measured_has_no_frame() -> None:
    with pytest.raises(ValueError, match="not measured"):
        LayerFrame.from_record(LayerRecord())


@pytest.mark.parametrize(
    ("lags", "middle"),
    [([4], 4), ([1, 9], 9), ([5, 1, 9], 5), ([3, 7, 9, np.inf], 9), ([1, np.inf], np.inf)],
)
def test_the_horizon_of_a_frame_is_one_that_was_measured(lags: list[float], middle: float) -> None:
    layer = frame(SMALL).layers["l0"]
    layer.gradient_horizon.resize(len(lags), refcheck=False)
    layer.gradient_horizon[:] = lags
    assert layer.horizon == middle
    layer.gradient_horizon[0] = np.nan
    assert np.isnan(layer.horizon)


def test_the_first_failure_is_kept() -> None:
    history = History(SMALL)
    failures = [Failure(step=step, tensor="loss", kind="nan") for step in (2, 3)]
    history.append(record(1))
    for failure in failures:
        history.append(record(failure.step, failure=failure))
    assert history.failure is failures[0]


@pytest.mark.parametrize(("pre", "post", "factor"), [(4.0, 1.0, 0.25), (0.5, 0.5, 1.0), (0, 0, 1)])
def test_clip_factor(pre: float, post: float, factor: float) -> None:
    assert record(1, grad_norm_pre=pre, grad_norm_post=post).clip_factor == factor


def test_the_newest_text_through_a_step() -> None:
    history = History(SMALL)
    for step, text in ((1, None), (2, "two"), (3, None), (4, ""), (5, None)):
        history.append_frame(replace(frame(SMALL, step), text=text))
    assert history.text_at() == history.text_at(4) == (4, "")
    assert history.text_at(3) == history.text_at(2) == (2, "two")
    assert history.text_at(1) is None


def test_the_perplexity_is_of_language_models() -> None:
    losses = np.concatenate([np.full(30, 9.0), np.full(20, 4.0)])
    words = fabricate(RunConfig(task="word_lm"), steps=50, scalars={"loss": losses})
    assert perplexity_at(words) == pytest.approx(54.59815)
    assert perplexity_at(words, 30) == pytest.approx(8103.0839)
    assert perplexity_at(History(words.config)) is None
    for broken in (np.nan, np.inf, 1e4):
        found = fabricate(words.config, steps=1, scalars={"loss": np.array([broken])})
        assert perplexity_at(found) is None
    assert perplexity_at(fabricate(RunConfig(task="recall"), steps=50)) is None
    assert perplexity_at(History(RecordedConfig(model="LSTM(2, 4)"))) is None
