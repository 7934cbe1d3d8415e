"""A run read from the file is the History that its StepRecords make directly."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gradviz.config import RecordedConfig, RunConfig
from gradviz.figures import LIVE
from gradviz.history import SCALARS, Failure, History, LayerFrame, LayerRecord, StepRecord
from gradviz.reading import read
from gradviz.store import Store, StoreError
from tests.fabricated import record

NUMBERS = st.floats(width=32)
OWN = RecordedConfig(model="encoder: LSTM(8, 32)", settings={"lr": 0.1, "data": "digits"})


@st.composite
def layer_records(draw: Any) -> LayerRecord:
    """Of any length, any number of probes, with or without gates and dear quantities."""
    T, P, H = draw(st.integers(1, 5)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    Q = draw(st.integers(1, P))
    dear = draw(st.booleans())
    gates = draw(st.lists(st.sampled_from(["forget", "a.b", "Tor ü'\""]), unique=True))
    norms = st.floats(0, 1e300)

    def values(*shape: int, of: Any = NUMBERS, dtype: Any = np.float32) -> Any:
        return draw(arrays(dtype, shape, elements=of))

    return LayerRecord(
        hidden_grad_norm=values(T, P, of=norms, dtype=np.float64),
        gates={gate: values(T, P, H, of=st.floats(-1, 1, width=32)) for gate in gates},
        jacobian_norm=values(T, Q) if dear else None,
        jacobian_bound=draw(st.none() | st.floats()),
        transport_log10=values(T, Q) if dear else None,
        gradient_horizon=values(Q) if dear else None,
        last_state_grad_log10=values(T, P) if draw(st.booleans()) else None,
    )


@st.composite
def step_records(draw: Any) -> list[StepRecord]:
    """Some steps measured, of changing layers."""
    names = st.sampled_from(["l0", "encoder.l0", "encoder.l1_reverse#2", "kopf 'ü'"])
    many = st.dictionaries(names, layer_records(), max_size=3)
    found = []
    for step in range(1, draw(st.integers(0, 6)) + 1):
        scalars = {
            name: draw(st.floats()) for name in SCALARS if name not in {"step", "clipped"}
        } | {"accuracy": draw(st.none() | st.floats(0, 1)), "clipped": draw(st.booleans())}
        failure = Failure(step=step, tensor="gradient of ü", kind="inf")
        layers = draw(many)
        failure = draw(st.none() | st.just(failure))
        found.append(record(step, layers, failure=failure, **scalars))
    return found


def same(one: Any, other: Any) -> bool:
    """Equal to the bit, nan to nan, None to None."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)
    if isinstance(one, float) and math.isnan(one):
        return isinstance(other, float) and math.isnan(other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, LayerFrame):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    return bool(one == other)


def assert_same(found: History, expected: History) -> None:
    for name in SCALARS:
        assert same(found.column(name), expected.column(name)), name
    assert [frame.step for frame in found.frames] == [frame.step for frame in expected.frames]
    for one, other in zip(found.frames, expected.frames, strict=True):
        assert same(one.layers, other.layers)
    assert found.failure == expected.failure
    assert found.floor == expected.floor


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@settings(max_examples=60, deadline=None)
@given(step_records(), st.none() | st.floats(0, 1))
def test_what_is_read_is_what_was_appended(records: list[StepRecord], floor: float | None) -> None:
    expected = History(RunConfig(cell="gru"), floor=floor)
    with TemporaryDirectory() as folder, Store(Path(folder) / "runs.db") as store:
        run = store.begin(RunConfig(cell="gru"), floor=floor)
        for each in records:
            store.append(run, each)
            expected.append(each)
        store.end(run)
        found = store.load(run)
    assert_same(found, expected)
    assert found.config == expected.config


def measured_layer(T: int = 6, P: int = 2) -> LayerRecord:
    falls = 0.5 ** np.arange(T)[::-1, None] * np.ones(P)
    return LayerRecord(
        hidden_grad_norm=falls,
        gates={"reset": np.full((T, P, 3), 0.25), "update": np.full((T, P, 3), 0.75)},
        jacobian_norm=np.full((T, P), 0.5),
        transport_log10=np.log10(falls),
        gradient_horizon=np.full(P, 2.0),
    )


@pytest.mark.parametrize("config", [RunConfig(cell="gru", seq_len=6), OWN])
def test_pictures_and_words_of_a_run_that_was_read(tmp_path: Path, config: Any) -> None:
    expected = History(config, floor=0.3)
    with Store(tmp_path / "runs.db") as store:
        run = store.begin(config, floor=0.3)
        for step in range(1, 31):
            each = record(step, {"l0": measured_layer()} if step % 7 == 1 else {})
            store.append(run, each)
            expected.append(each)
        store.commit()
        found = store.load(run)
    assert read(found) == read(expected)
    for picture in LIVE.values():
        drawn = picture(found)
        assert drawn.data
        assert drawn.to_json() == picture(expected).to_json()


def test_arrays_are_little_endian_float32_with_their_shape(tmp_path: Path) -> None:
    import sqlite3

    with Store(tmp_path / "runs.db") as store:
        run = store.begin(OWN)
        store.append(run, record(1, {"l0": measured_layer()}))
    with sqlite3.connect(tmp_path / "runs.db") as plain:
        shape, value = plain.execute(
            "SELECT shape, value FROM measured WHERE name = 'transport_log10'"
        ).fetchone()
    plain.close()
    assert (shape, len(value)) == ("6 2", 48)
    assert np.frombuffer(value, "<f4")[0] == np.float32(5 * np.log10(0.5))


@pytest.mark.parametrize(("clips", "expected"), [([False, True], "own"), ([False], "none")])
def test_the_clip_of_a_users_loop_is_what_it_did(
    tmp_path: Path, clips: list[bool], expected: str
) -> None:
    with Store(tmp_path / "runs.db") as store:
        run = store.begin(OWN, name="mine")
        for step, clipped in enumerate(clips, 1):
            store.append(run, record(step, clipped=clipped))
        store.end(run)
        config = store.load(run).config
        assert isinstance(config, RecordedConfig)
        assert (config.clip, config.model, config.settings) == (expected, OWN.model, OWN.settings)


def test_runs_are_told_apart(tmp_path: Path) -> None:
    with Store(tmp_path / "runs.db") as store:
        first, second = store.begin(OWN, name="a"), store.begin(RunConfig())
        for step in (1, 2, 3):
            store.append(first, record(step, loss=float(step)))
        store.append(second, record(1, loss=7.0))
        store.end(first)
        store.commit()
        one, two = store.runs()
        assert (one.run_id, one.name, one.steps) == (first, "a", 3)
        assert one.ended is not None
        assert one.ended >= one.started
        assert (two.run_id, two.steps, two.ended) == (second, 1, None)
        assert two.name.startswith("20")
        assert store.load(first).column("loss").tolist() == [1, 2, 3]
        assert store.load(second).column("loss").tolist() == [7]
        with pytest.raises(StoreError, match=r"run_id must be one of 1, 2 in .*, got 3\."):
            store.load(3)


def test_settings_that_json_does_not_know_are_kept_as_words(tmp_path: Path) -> None:
    with Store(tmp_path / "runs.db") as store:
        own = RecordedConfig(model="GRU", settings={"data": Path("x"), "sizes": [1, 2]})
        config = store.load(store.begin(own)).config
        assert isinstance(config, RecordedConfig)
        assert config.settings == {"data": "x", "sizes": [1, 2]}
        with pytest.raises(StoreError, match=r"^config must hold plain values by name, but "):
            store.begin(RecordedConfig(model="GRU", settings={"sizes": {(1, 2): 3}}))
