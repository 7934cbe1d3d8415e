"""A file of recorded runs: what comes back is what went in, to the tolerance of a picture."""

from __future__ import annotations

import contextlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fabricated import fabricate, frame, row
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradviz.config import RunConfig
from gradviz.history import SCALARS, CloseUp, Failure, Frame, History
from gradviz.recorded import RecordedError, Recording, codes, load, path_of, read, write

CONFIG = RunConfig(cell="lstm", seq_len=20, hidden_size=8, num_layers=2)


PAIR = RunConfig(task="copy_sequence", cell="gru", seq_len=9, hidden_size=4, attention="dot")


def recording(**runs: History) -> Recording:
    return Recording(
        name="vanishing",
        made="2026-11-21",
        versions={"gradviz": "0.1.0", "torch": "2.13.0"},
        runs=runs or {"": fabricate(CONFIG, steps=40)},
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "vanishing.zip"
    write(path, recording())
    return path


def again(history: History, folder: Path) -> History:
    path = folder / "again.zip"
    write(path, recording(run=history))
    return read(path).runs["run"]


def test_a_run_comes_back(tmp_path: Path) -> None:
    before = fabricate(CONFIG, steps=40, scalars={"loss": np.geomspace(1e-3, 1e30, 40)})
    after = again(before, tmp_path)
    assert (after.config, after.floor, after.failure) == (CONFIG, before.floor, None)
    assert [each.step for each in after.frames] == [each.step for each in before.frames]
    for name in SCALARS:
        np.testing.assert_allclose(after.column(name), before.column(name), rtol=1e-7)
    for one, other in zip(after.frames, before.frames, strict=True):
        assert list(one.layers) == list(other.layers) == ["l0", "l1"]
        for layer in one.layers:
            here, there = one.layers[layer], other.layers[layer]
            close(here.hidden_grad_log10, there.hidden_grad_log10, 0.005)
            close(here.transport_log10, there.transport_log10, 0.005)
            np.testing.assert_allclose(here.jacobian_norm, there.jacobian_norm, rtol=5e-4)
            assert (here.jacobian_norm <= there.jacobian_norm).all()
            np.testing.assert_array_equal(here.gradient_horizon, there.gradient_horizon)
            assert here.gates.keys() == there.gates.keys()
            for gate in here.gates:
                close(here.gates[gate], there.gates[gate], 0.002)
            assert here.jacobian_bound == there.jacobian_bound


def test_an_encoder_and_its_decoder_come_back(tmp_path: Path) -> None:
    before = History(PAIR)
    for step in (1, 2):
        made = frame(PAIR, step)
        encoder = made.layers["encoder.l0"]
        alone = encoder.hidden_grad_log10 - np.float32(3.3)
        layers = made.layers | {"encoder.l0": replace(encoder, last_state_grad_log10=alone)}
        before.append_scalars([row(step)])
        before.append_frame(replace(made, layers=layers))
    after = again(before, tmp_path)
    assert after.config == PAIR
    for one, other in zip(after.frames, before.frames, strict=True):
        assert list(one.layers) == list(other.layers) == ["encoder.l0", "decoder.l0"]
        for name in one.layers:
            here, there = one.layers[name], other.layers[name]
            close(here.hidden_grad_log10, there.hidden_grad_log10, 0.005)
        here, there = (each.layers["encoder.l0"].last_state_grad_log10 for each in (one, other))
        close(here, there, 0.005)
        assert one.layers["decoder.l0"].last_state_grad_log10 is None


def close(one: Any, other: Any, atol: float) -> None:
    assert one.dtype == other.dtype
    np.testing.assert_allclose(one, other, rtol=0, atol=atol * 1.001)


def test_several_runs_keep_their_labels_and_order(tmp_path: Path) -> None:
    path = tmp_path / "several.zip"
    runs = {"no clip": fabricate(RunConfig(clip="none")), "norm 1": fabricate(RunConfig())}
    write(path, recording(**runs))
    found = read(path)
    assert list(found.runs) == ["no clip", "norm 1"]
    assert [each.config for each in found.runs.values()] == [each.config for each in runs.values()]
    assert (found.name, found.made) == ("vanishing", "2026-11-21")
    assert found.versions == {"gradviz": "0.1.0", "torch": "2.13.0"}


def test_a_failure_and_what_is_not_finite_survive(tmp_path: Path) -> None:
    before = History(CONFIG, floor=1 / 6)
    before.append_scalars([row(1), row(2, loss=np.inf, grad_norm_pre=np.nan, grad_norm_post=1e39)])
    burst = frame(CONFIG, 1)
    broken = burst.layers["l0"]
    broken.hidden_grad_log10[:3] = [[-np.inf], [np.nan], [np.inf]]
    broken.jacobian_norm[0] = [0, np.nan, np.inf, 1]
    broken.gradient_horizon[:2] = [np.inf, np.nan]
    before.append_frame(burst)
    before.failure = Failure(step=2, tensor="loss", kind="inf")
    after = again(before, tmp_path)
    assert after.failure == before.failure
    assert after.column("loss")[1] == np.inf
    assert np.isnan(after.column("grad_norm_pre")[1])
    # A finite number stays one.
    assert after.column("grad_norm_post")[1] == np.finfo(np.float32).max
    found = after.frames[0].layers["l0"]
    np.testing.assert_array_equal(found.hidden_grad_log10[:3, 0], [-np.inf, np.nan, np.inf])
    np.testing.assert_allclose(found.jacobian_norm[0], [0, np.nan, np.inf, 1])
    np.testing.assert_array_equal(found.gradient_horizon[:2], [np.inf, np.nan])


def close_up(seed: int) -> CloseUp:
    """An LSTM's, of H = 8 and N = 16, with random numbers in it."""
    draw = np.random.default_rng(seed)
    T, H, N = CONFIG.timesteps, 8, 16
    pulse = draw.normal(size=(T + 1, N))
    values = np.sort(10 ** draw.uniform(-9, 1, N))[::-1]
    turned = draw.normal(size=N) + 1j * draw.normal(size=N)
    return CloseUp(
        layer="l1",
        sequence=2,
        timestep=7,
        unit=3,
        inputs=draw.normal(size=(T, 2)).astype("f4"),
        hidden=draw.uniform(-1, 1, (T, H)).astype("f4"),
        gates={gate: draw.uniform(0, 1, (T, H)).astype("f4") for gate in ("input", "forget")},
        saturation={"forget": draw.uniform(0, 0.5, (H, 2)).astype("f4")},
        forget_path_log10=draw.uniform(-300, 0, T),
        cell_transport_log10=draw.uniform(-300, 0, T),
        recurrent_eigenvalues=None,
        jacobian_eigenvalues=turned.astype("c8"),
        jacobian_singular_values=values.astype("f4"),
        pulse=(pulse / np.linalg.norm(pulse, axis=1, keepdims=True)).astype("f4"),
        pulse_log10=draw.uniform(-300, 0, T + 1),
        transport_rms_log10=draw.uniform(-300, 0, T),
        weight_variance=1.25,
        drive_variance=None,
    )


def test_a_close_up_comes_back(tmp_path: Path) -> None:
    before = History(CONFIG)
    for step in (1, 2):
        before.append_scalars([row(step)])
        layers = frame(CONFIG, step)
        before.append_frame(replace(layers, closeup=close_up(step)))
    after = again(before, tmp_path)
    atol = {"gates": 2**-13, "saturation": 2**-13, "inputs": 2**-9, "hidden": 2**-9}
    atol |= {"pulse": 2**-11, "jacobian_eigenvalues": 2**-10}
    for one, other in zip(after.frames, before.frames, strict=True):
        assert one.closeup
        assert other.closeup
        for field in fields(CloseUp):
            here, there = getattr(one.closeup, field.name), getattr(other.closeup, field.name)
            if field.name == "jacobian_singular_values":
                np.testing.assert_allclose(here, there, rtol=5e-4)
            elif isinstance(there, dict):
                assert here.keys() == there.keys()
                for gate in there:
                    close(here[gate], there[gate], atol[field.name])
            elif isinstance(there, np.ndarray):
                close(here, there, atol.get(field.name, 0.005))
            else:
                assert here == there


def reading_run() -> History:
    """A language model's, which wrote at its second frame."""
    config = RunConfig(task="char_lm", cell="lstm", seq_len=20, hidden_size=8, num_layers=2)
    history = History(config, floor=3.0)
    for step in (1, 2):
        history.append_scalars([row(step)])
        seen = replace(close_up(step), words=tuple("the <b>&\n" + "x" * 11))
        text = "a\n<eos>" if step == 2 else None
        losses = {1: np.inf, 2: 1 / 3}
        history.append_frame(
            replace(frame(config, step), closeup=seen, text=text, held_out=losses[step])
        )
    return history


def test_words_and_texts_come_back(tmp_path: Path) -> None:
    after = again(reading_run(), tmp_path)
    assert [each.text for each in after.frames] == [None, "a\n<eos>"]
    assert [each.held_out for each in after.frames] == [None, 1 / 3]
    for each in after.frames:
        assert each.closeup
        assert each.closeup.words == tuple("the <b>&\n" + "x" * 11)


@pytest.mark.parametrize(
    "change",
    [{"texts": ["a"]}, {"held_out": [1.0] * 3}, {"words": [["a"] * 20]}, {"words": [["a"]] * 2}],
)
def test_words_that_do_not_fit_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "vanishing.zip"
    write(path, recording(run=reading_run()))
    with pytest.raises(RecordedError, match=r"words are of other|frames"):
        read(remade(path, header(**change)))


@given(
    arrays.arrays(
        np.float64,
        (2, 5, 3),
        elements=st.floats(-1e5, 1e5) | st.sampled_from([np.nan, np.inf, -np.inf]),
    )
)
def test_any_numbers_are_rounded_to_half_a_quantum(values: np.ndarray[Any, Any]) -> None:
    code = codes.Code(axes="TP", quantum=0.01, wide=True)
    found = codes.unpacked(codes.packed(values, code), code)
    np.testing.assert_allclose(found, values, rtol=0, atol=0.00501)


@given(arrays.arrays(np.float64, (3, 7, 2), elements=st.floats(-3, 3)))
def test_rounding_a_transport_leaves_its_horizon(transport: np.ndarray[Any, Any]) -> None:
    code = codes.LAYER["transport_log10"]
    found = codes.unpacked(codes.packed(transport, code), code)
    edge = np.log10(1 / np.e)
    clear = np.abs(transport - edge) > 1e-9
    np.testing.assert_array_equal((found <= edge)[clear], (transport <= edge)[clear])


def test_a_number_beyond_32_bits_is_refused() -> None:
    code = codes.Code(axes="T", quantum=2**-8)
    with pytest.raises(ValueError, match="values must be below"):
        codes.packed(np.array([[1e10]]), code)


def test_quantities_that_some_frames_lack_are_refused(tmp_path: Path) -> None:
    history = fabricate(CONFIG, steps=6)
    layers = history.frames[0].layers
    history.append_frame(Frame(step=7, layers=layers, closeup=close_up(1)))
    with pytest.raises(ValueError, match="every frame"):
        write(tmp_path / "uneven.zip", recording(run=history))


def test_the_same_runs_make_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write(tmp_path / name, recording())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_scenario_without_a_recording_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradviz.recorded.FOLDER", tmp_path)
    assert path_of("vanishing").parent == tmp_path
    assert load("vanishing") is None
    write(tmp_path / "other.zip", recording())
    assert load("other") is None
    assert load("../other") is None


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def remade(path: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The same file after a change to its members."""
    found = members(path)
    change(found)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in found.items():
            file.writestr(name, content)
    return path


def header(**changes: Any) -> Callable[[dict[str, bytes]], object]:
    """Change the file's header, or with a field of its first run, that one's."""

    def change(found: dict[str, bytes]) -> None:
        content = json.loads(found["header.json"])
        for name, value in changes.items():
            (content if name in content else content["runs"][0])[name] = value
        found["header.json"] = json.dumps(content).encode()

    return change


def member(name: str, content: bytes | None) -> Callable[[dict[str, bytes]], object]:
    def change(found: dict[str, bytes]) -> None:
        assert name in found
        if content is None:
            del found[name]
        else:
            found[name] = content

    return change


TRANSPORT = "0/l0/transport_log10"


def array(name: str, numbers: Any) -> Callable[[dict[str, bytes]], object]:
    """Other numbers in the place of an array's, and their shape in the header."""
    made = np.asarray(numbers)

    def change(found: dict[str, bytes]) -> None:
        declared(name, kind=made.dtype.str, shape=list(made.shape))(found)
        found[name] = made.tobytes()

    return change


def declared(name: str, **changes: Any) -> Callable[[dict[str, bytes]], object]:
    """Another kind or shape of an array in the header only."""

    def change(found: dict[str, bytes]) -> None:
        content = json.loads(found["header.json"])
        content["runs"][0]["arrays"][name.removeprefix("0/")] |= changes
        found["header.json"] = json.dumps(content).encode()

    return change


def without(*prefixes: str) -> Callable[[dict[str, bytes]], object]:
    """A header that does not name the arrays that begin so."""

    def change(found: dict[str, bytes]) -> None:
        content = json.loads(found["header.json"])
        arrays = content["runs"][0]["arrays"]
        kept = {name: each for name, each in arrays.items() if not name.startswith(prefixes)}
        content["runs"][0]["arrays"] = kept
        found["header.json"] = json.dumps(content).encode()

    return change


WRONG: dict[str, tuple[Callable[[dict[str, bytes]], object], str]] = {
    "no header": (member("header.json", None), "header.json"),
    "header no JSON": (member("header.json", b"{"), "header"),
    "header not UTF-8": (member("header.json", b"\xff\xfe"), "header"),
    "another format": (header(format=2), "header is wrong at format"),
    "a setting unknown": (header(config={"cel": "rnn"}), "no setting named “cel”"),
    "a setting out of range": (header(config={"hidden_size": 0}), "hidden_size must be"),
    "other timesteps": (header(config={"cell": "lstm", "seq_len": 30}), "has the shape"),
    "no config": (header(config=3), "runs.0.config"),
    "a frame too many": (header(frames=list(range(1, 10))), "has the shape"),
    "a step as text": (header(frames=["1"]), "runs.0.frames.0"),
    "no runs": (header(runs=[]), "header is wrong at runs"),
    "a failure of another kind": (
        header(failure={"step": 1, "tensor": "loss", "kind": "tired"}),
        "runs.0.failure.kind",
    ),
    "close-ups announced": (
        header(closeup={"layer": "l0", "sequence": 1, "timestep": 1, "unit": 1}),
        "it lacks closeup/inputs",
    ),
    "columns missing": (header(columns=["step"]), "scalars have the shape"),
    "no step among the columns": (
        header(columns=[f"c{i}" for i, _ in enumerate(SCALARS)]),
        "it lacks step",
    ),
    "no scalars": (header(arrays={}), "it lacks scalars"),
    "no layers": (without("l0/", "l1/"), "it lacks the layers"),
    "no gradients": (without("l0/hidden_grad_log10"), "it lacks l0/hidden_grad_log10"),
    "no numbers of the scalars": (member("0/scalars", None), "0/scalars"),
    "steps backwards": (
        array("0/scalars", np.ones((40, len(SCALARS)), "<f4")),
        "steps do not follow",
    ),
    "another shape": (array(TRANSPORT, np.zeros((8, 20), "<i2")), "has the shape (8, 20)"),
    "other numbers of probes": (array(TRANSPORT, np.zeros((8, 20, 3), "<i2")), "(8, 20, 3)"),
    "fractions": (
        array(TRANSPORT, np.zeros((8, 20, 4), "<f4")),
        "transport_log10 must hold whole numbers",
    ),
    "words": (array(TRANSPORT, np.full((8, 20, 4), "a")), "arrays.l0/transport_log10.kind"),
    "objects": (declared(TRANSPORT, kind="|O"), "arrays.l0/transport_log10.kind"),
    "cut off": (member(TRANSPORT, bytes(9)), "buffer size"),
    "a shape that is declared only": (
        declared(TRANSPORT, shape=[10**6, 10**6]),
        "cannot reshape array of size 640",
    ),
    "a shape beyond all": (declared(TRANSPORT, shape=[10**30]), "it "),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_file_is_told_in_a_sentence(file: Path, kind: str) -> None:
    change, words = WRONG[kind]
    with pytest.raises(RecordedError) as caught:
        read(remade(file, change))
    told = str(caught.value)
    assert told.startswith("vanishing.zip must be a recording made by this gradviz, but ")
    assert told.endswith("python -m gradviz.recorded.")
    assert words in told


def test_what_a_newer_gradviz_adds_is_left_out(file: Path) -> None:
    def newer(found: dict[str, bytes]) -> None:
        header(mood="bright")(found)
        content = json.loads(found["header.json"])
        content["runs"][0]["arrays"]["l0/curl"] = {"kind": "<i2", "shape": [8, 2]}
        found["header.json"] = json.dumps(content).encode()
        found["0/l0/curl"] = bytes(32)

    before = read(file).runs[""]
    after = read(remade(file, newer)).runs[""]
    assert len(after.frames) == len(before.frames) == 8


def test_a_column_that_an_older_gradviz_had_not_is_nan(file: Path) -> None:
    def older(found: dict[str, bytes]) -> None:
        columns = [name for name in SCALARS if name != "clipped"]
        header(columns=columns)(found)
        table = np.frombuffer(found["0/scalars"], "<f4").reshape(40, len(SCALARS))
        array("0/scalars", np.delete(table, SCALARS.index("clipped"), axis=1))(found)

    history = read(remade(file, older)).runs[""]
    assert np.isnan(history.column("clipped")).all()
    assert (history.column("loss") == np.float32(0.2)).all()


def test_bytes_that_are_damaged_anywhere_never_raise_another_error(file: Path) -> None:
    whole = file.read_bytes()
    draw = np.random.default_rng(0)
    told = 0
    for _ in range(150):
        damaged = bytearray(whole)
        at = int(draw.integers(len(whole)))
        damaged[at : at + 4] = draw.bytes(4)
        file.write_bytes(damaged)
        try:
            read(file)
        except RecordedError:
            told += 1
    assert told > 100


@pytest.mark.parametrize("name", ["header.json", TRANSPORT, "0/scalars"])
def test_a_member_that_was_made_wrong_never_raises_another_error(file: Path, name: str) -> None:
    """With a check sum that is right."""
    whole = members(file)[name]
    draw = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(whole)
        at = int(draw.integers(len(whole)))
        damaged[at] = draw.bytes(1)[0]
        remade(file, member(name, bytes(damaged)))
        with contextlib.suppress(RecordedError):
            read(file)


@pytest.mark.parametrize("content", [b"", b"PK", b"SQLite format 3\0" * 100, b"<html>" * 50])
def test_another_programs_file(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(RecordedError, match="damaged or no recording"):
        read(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecordedError, match=r"none\.zip must be"):
        read(tmp_path / "none.zip")


def test_a_file_that_is_too_large_is_not_opened(file: Path) -> None:
    with file.open("ab") as more:
        more.truncate(6 * 2**20)
    with pytest.raises(RecordedError, match=r"has 6,291,456 bytes, of at most 5,242,880"):
        read(file)


def test_a_small_file_that_unpacks_to_a_huge_one(file: Path) -> None:
    remade(file, member(TRANSPORT, bytes(65 * 2**20)))
    assert file.stat().st_size < 2**20
    with pytest.raises(RecordedError, match="unpacks to more than 67,108,864 bytes"):
        read(file)
