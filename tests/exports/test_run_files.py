"""A run as files, read back: NumPy's reader, json, and the protobuf classes of tensorboardX."""

from __future__ import annotations

import io
import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from fabricated import fabricate, frame, row

from gradviz import RunConfig
from gradviz.exports import ExportError, run_file
from gradviz.history import SCALARS, Failure, History

CONFIG = RunConfig(cell="lstm", seq_len=20, num_layers=2)


def archive(history: History) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(run_file(history, "run_npz")), allow_pickle=False) as read:
        return dict(read)


def test_the_archive_holds_all_that_was_kept() -> None:
    history = fabricate(CONFIG, steps=21, every=5, scalars={"loss": np.arange(21.0)})
    arrays = archive(history)
    assert arrays["loss"].tolist() == list(range(21))
    assert arrays["l1.hidden_grad_log10"].shape == (5, 20, 8)
    assert arrays["l1.hidden_grad_log10.step"].tolist() == [1, 6, 11, 16, 21]
    shown = history.frames[3].layers["l0"]
    np.testing.assert_array_equal(arrays["l0.gates.forget"][3], shown.gates["forget"])
    np.testing.assert_array_equal(arrays["l0.transport_log10"][3], shown.transport_log10)


def test_frames_of_other_shapes_are_filled_up_and_unmeasured_ones_left_out() -> None:
    history = History(CONFIG)
    for step, probes in ((1, 4), (2, 8), (3, 8)):
        history.append_scalars([row(step)])
        made = frame(CONFIG, step, probes=probes)
        layers = dict(made.layers)
        if step == 3:
            layers["l0"] = replace(layers["l0"], jacobian_norm=None)
        history.append_frame(replace(made, layers=layers))
    arrays = archive(history)
    assert arrays["l0.jacobian_norm.step"].tolist() == [1, 2]
    assert np.isfinite(arrays["l0.hidden_grad_log10"]).sum(axis=(1, 2)).tolist() == [80, 160, 160]


def test_json_says_what_was_run_and_how_it_ended() -> None:
    history = fabricate(CONFIG, steps=3, scalars={"loss": [1.0, np.inf, np.nan]})
    history.failure = Failure(step=3, tensor="loss", kind="nan")
    said = json.loads(run_file(history, "run_json"))
    assert RunConfig.from_dict(said["RunConfig"]) == CONFIG
    assert said["scalars"]["loss"] == [1.0, None, None]
    assert said["failure"] == {"step": 3, "tensor": "loss", "kind": "nan"}
    assert said["arrays"]["l0.gates.forget"] == [1, 3, 20]


def events(file: bytes) -> list[object]:
    """As TensorBoard reads them: both checksums of every record are right."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import masked_crc32c

    found, place = [], 0
    while place < len(file):
        (length,) = struct.unpack_from("<Q", file, place)
        header, data = file[place : place + 8], file[place + 12 : place + 12 + length]
        for part, at in ((header, place + 8), (data, place + 12 + length)):
            assert struct.unpack_from("<I", file, at)[0] == masked_crc32c(part)
        found.append(Event.FromString(data))
        place += length + 16
    assert place == len(file)
    return found


@pytest.mark.slow
def test_tensorboard_finds_scalars_and_histograms() -> None:
    losses = np.linspace(1, 0.1, 301)
    history = fabricate(CONFIG, steps=301, every=50, scalars={"loss": losses})
    head, *steps = events(run_file(history, "run_events"))
    assert head.file_version == "brain.Event:2"
    assert [event.step for event in steps] == list(range(1, 302))
    values = [{each.tag: each for each in event.summary.value} for event in steps]
    np.testing.assert_allclose([each["loss"].simple_value for each in values], losses, rtol=1e-6)
    assert "accuracy" not in values[0]
    histogram = values[300]["hidden_grad_log10/l1"].histo
    measured = history.frames[-1].layers["l1"].hidden_grad_log10
    assert sum(histogram.bucket) == histogram.num == measured.size
    assert len(histogram.bucket) == len(histogram.bucket_limit)
    assert histogram.min == pytest.approx(float(measured.min()))
    assert histogram.sum == pytest.approx(float(measured.sum(dtype=np.float64)))
    upto = np.searchsorted(np.sort(measured.ravel()), histogram.bucket_limit[20], "right")
    assert sum(histogram.bucket[:21]) == pytest.approx(upto, abs=1)
    assert "hidden_grad_log10/l1" not in values[1]


def test_a_long_run_is_thinned_and_keeps_its_end() -> None:
    history = History(CONFIG)
    history.append_scalars(row(step) for step in range(1, 12_002))
    file = run_file(history, "run_events")
    # The last record is whole: its length, two checksums, and the step as a varint within.
    assert b"\x10\xe1\x5d" in file[-200:]
    assert file.count(b"learning_rate") == 10_000


def test_another_kind_is_refused() -> None:
    with pytest.raises(ExportError, match="format must be one of run_npz"):
        run_file(fabricate(CONFIG, steps=1), "run_csv")
    assert len(SCALARS) == 9
