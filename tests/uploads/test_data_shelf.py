"""The shelf: what is put can be got, by whoever has the id, until there is no room."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pickle
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradviz.uploads import (
    Corpus,
    MissingDataError,
    Series,
    Shelf,
    ShelfError,
    read_series,
    read_text,
)
from gradviz.uploads.shelf import MOST_BYTES, default_folder

ROOT = Path(__file__).parents[2]
CORPUS = read_text([("größe.txt", ("Größe, 大きさ and “quotes”\n" * 200).encode())])
SERIES = read_series("wind.csv", b"a,b\n" + b"1.5,\n2.25,7\n" * 40).series(["b", "a"])


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "data")


def sized(kilobytes: int, letter: str) -> Corpus:
    text = letter * 1024 * kilobytes
    return Corpus(name=f"{letter}.txt", train=text, valid=letter, test=letter, source=f"{letter}.")


def sentence(shelf: Shelf, data_id: str) -> str:
    with pytest.raises(MissingDataError) as caught:
        shelf.get(data_id)
    return str(caught.value)


def path_of(shelf: Shelf, data_id: str) -> Path:
    return shelf.folder / f"{data_id}.data"


# There and back.


def test_a_corpus_comes_back(shelf: Shelf) -> None:
    assert shelf.get(shelf.put(CORPUS)) == CORPUS


def test_a_series_comes_back(shelf: Shelf) -> None:
    found = shelf.get(shelf.put(SERIES))
    assert isinstance(found, Series)
    for name in ("name", "columns", "source", "notes"):
        assert getattr(found, name) == getattr(SERIES, name)
    np.testing.assert_array_equal(found.values, SERIES.values)
    assert found.values.dtype == np.float64


def test_an_id_is_of_what_is_trained_on(shelf: Shelf) -> None:
    ids = {shelf.put(CORPUS), shelf.put(replace(CORPUS, name="other.txt", notes=("A note.",)))}
    assert len(ids) == 1
    assert shelf.get(ids.pop()).name == "other.txt"
    others = [
        replace(CORPUS, train=CORPUS.train[:-1], valid=CORPUS.train[-1] + CORPUS.valid),
        replace(CORPUS, test=CORPUS.test + "."),
        SERIES,
        replace(SERIES, columns=("x", "a")),
        replace(SERIES, values=SERIES.values.reshape(160, 1), columns=("b",)),
        replace(SERIES, values=SERIES.values + 1),
    ]
    assert len({shelf.put(each) for each in others}) == len(others)


def test_an_id_is_the_same_on_every_machine(shelf: Shelf) -> None:
    """By hand: SHA-256 of a line that says what the bytes are, and of the bytes."""
    text = Corpus(name="a", train="ä" * 3, valid="b", test="", source="a.")
    by_hand = hashlib.sha256(b'["corpus", [6, 1, 0]]\n' + "äääb".encode()).hexdigest()[:16]
    assert shelf.put(text) == by_hand
    numbers = Series(name="a", columns=("x",), values=np.array([[1.0], [-2.0]]), source="a.")
    content = bytes.fromhex("000000000000f03f" + "00000000000000c0")
    by_hand = hashlib.sha256(b'["series", [2, ["x"]]]\n' + content).hexdigest()[:16]
    assert shelf.put(numbers) == by_hand


def test_another_process_reads_it(shelf: Shelf) -> None:
    data_id = shelf.put(CORPUS)
    code = f"from gradviz.uploads import Shelf; print(len(Shelf().get({data_id!r}).train))"
    environment = {**os.environ, "GRADVIZ_DATA": str(shelf.folder), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == f"{len(CORPUS.train)}\n", done.stderr


def test_contents(shelf: Shelf) -> None:
    assert shelf.contents() == ()
    first, second = shelf.put(CORPUS), shelf.put(SERIES)
    os.utime(path_of(shelf, first), (10, 10))
    (shelf.folder / "0123456789abcdef.data").write_bytes(b"damaged")
    (shelf.folder / "notes.data").write_bytes(b"foreign")
    used_last, used_before = shelf.contents()
    assert (used_last.id, used_last.kind, used_last.name) == (second, "series", "wind.csv")
    assert (used_before.id, used_before.kind, used_before.used) == (first, "corpus", 10)
    assert used_before.source == CORPUS.source
    assert used_before.bytes == path_of(shelf, first).stat().st_size


def test_what_is_said_of_data_is_no_use_of_them(shelf: Shelf) -> None:
    data_id = shelf.put(SERIES)
    os.utime(path_of(shelf, data_id), (10, 10))
    found = shelf.about(data_id)
    assert (found.id, found.kind, found.name, found.used) == (data_id, "series", "wind.csv", 10)
    assert found == shelf.contents()[0]
    shelf.touch(data_id)
    assert shelf.about(data_id).used > time.time() - 60


def test_what_is_forgotten_is_gone(shelf: Shelf) -> None:
    kept, data_id = shelf.put(CORPUS), shelf.put(SERIES)
    for _ in range(2):  # Again, as where another process was quicker.
        shelf.forget(data_id)
        assert [each.id for each in shelf.contents()] == [kept]
    missing = f"The data {data_id} are not on this machine; upload the file again."
    for ask in (shelf.get, shelf.about, shelf.touch):
        with pytest.raises(MissingDataError) as caught:
            ask(data_id)
        assert str(caught.value) == missing
    path_of(shelf, data_id).mkdir()
    with pytest.raises(ShelfError, match="must be a folder that can be written"):
        shelf.forget(data_id)


# Where it is.


def test_the_folder_is_named_or_in_the_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GRADVIZ_DATA", str(tmp_path))
    assert Shelf().folder == default_folder() == tmp_path
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADVIZ_DATA", "here")
    assert default_folder() == tmp_path / "here"
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("GRADVIZ_DATA")
        else:
            monkeypatch.setenv("GRADVIZ_DATA", unset)
        assert default_folder().is_relative_to(platformdirs.user_cache_path())
        assert "gradviz" in default_folder().parts


def test_nobody_else_can_look(shelf: Shelf) -> None:
    path = path_of(shelf, shelf.put(CORPUS))
    assert stat.S_IMODE(shelf.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# What is not there.


@pytest.mark.parametrize(
    "data_id",
    [
        "",
        "1f3a",
        "0" * 15,
        "0" * 17,
        "0" * 16 + "\n",
        "ABCDEF0123456789",
        "../../../etc/hosts",
        "0123456789abcde/",
        "0123456789abcdeg",
        "٠" * 16,
        "\0" * 16,
        "x" * 10**6,
    ],
)
def test_nothing_but_an_id_reaches_the_disk(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, data_id: str
) -> None:
    def touched(*_: object, **__: object) -> None:
        raise AssertionError("the disk was touched")

    monkeypatch.setattr(Path, "open", touched)
    monkeypatch.setattr(Path, "stat", touched)
    monkeypatch.setattr(Path, "unlink", touched)
    found = sentence(shelf, data_id)
    for ask in (shelf.about, shelf.touch, shelf.forget):
        with pytest.raises(MissingDataError) as caught:
            ask(data_id)
        assert str(caught.value) == found
    assert found.startswith("The id of data must be 16 hex digits, got “")
    assert found.endswith("; upload the file.")
    assert len(found) < 200
    with pytest.raises(AssertionError, match="touched"):
        shelf.get("0123456789abcdef")


def test_data_that_are_not_here(shelf: Shelf) -> None:
    missing = "The data 0123456789abcdef are not on this machine; upload the file again."
    assert sentence(shelf, "0123456789abcdef") == missing
    shelf.put(CORPUS)
    assert sentence(shelf, "0123456789abcdef") == missing
    assert isinstance(MissingDataError(missing), LookupError)


# Damage.


def damaged(data_id: str) -> str:
    return f"The data {data_id} are damaged on this machine; upload the file again."


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{}\n",
        b"x" * 5000,
        b"[" * 100_000 + b"\n",
        pickle.dumps(print) + b"\n",
        b'{"format": 2, "kind": "corpus"}\n',
        b'{"format":1,"kind":"series","name":"","source":"","notes":[],"columns":["a"],'
        b'"rows":1000000000000000}\n',
        b'{"format":1,"kind":"corpus","name":"","source":"","notes":[],"sizes":[-1,1,0]}\n',
    ],
)
def test_a_file_of_something_else(shelf: Shelf, content: bytes) -> None:
    data_id = shelf.put(CORPUS)
    path_of(shelf, data_id).write_bytes(content)
    assert sentence(shelf, data_id) == damaged(data_id)
    assert shelf.contents() == ()
    # Uploading the file again, as the sentence says, mends it.
    assert shelf.get(shelf.put(CORPUS)) == CORPUS


@pytest.mark.parametrize("data", [CORPUS, SERIES], ids=["corpus", "series"])
def test_every_kind_of_damage(shelf: Shelf, data: Corpus | Series) -> None:
    data_id = shelf.put(data)
    path = path_of(shelf, data_id)
    whole = path.read_bytes()
    body = whole.index(b"\n") + 1
    for broken in (
        whole[:-1],
        whole[: len(whole) // 2],
        whole + b"x",
        whole[:body] + bytes([whole[body] ^ 1]) + whole[body + 1 :],
        whole[:-1] + bytes([whole[-1] ^ 1]),
        whole[: body - 1] + whole[body:],
    ):
        path.write_bytes(broken)
        assert sentence(shelf, data_id) == damaged(data_id)
    path.write_bytes(whole)
    shelf.get(data_id)


def test_numbers_that_no_upload_has_are_refused_even_with_the_right_id(shelf: Shelf) -> None:
    content = np.full((40, 1), np.nan).tobytes()
    data_id = hashlib.sha256(b'["series", [40, ["a"]]]\n' + content).hexdigest()[:16]
    header = {"format": 1, "kind": "series", "name": "x", "source": "x.", "notes": []}
    line = json.dumps({**header, "columns": ["a"], "rows": 40}).encode() + b"\n"
    shelf.folder.mkdir()
    path_of(shelf, data_id).write_bytes(line + content)
    assert sentence(shelf, data_id) == damaged(data_id)


def test_a_huge_file_is_not_read(shelf: Shelf) -> None:
    data_id = shelf.put(CORPUS)
    with path_of(shelf, data_id).open("r+b") as file:
        file.truncate(MOST_BYTES + 1)  # Of holes, which take no room.
    assert sentence(shelf, data_id) == damaged(data_id)
    assert shelf.contents() == ()
    # Nor one that is whole.
    data_id = shelf.put(sized(3, "a"))
    assert sentence(Shelf(shelf.folder, most_bytes=3000), data_id) == damaged(data_id)
    assert shelf.get(data_id).name == "a.txt"


def test_a_folder_in_place_of_a_file(shelf: Shelf) -> None:
    data_id = shelf.put(CORPUS)
    path_of(shelf, data_id).unlink()
    path_of(shelf, data_id).mkdir()
    assert sentence(shelf, data_id) == damaged(data_id)
    assert shelf.contents() == ()


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[tuple[Shelf, str, bytes]]:
    folder = Path(tempfile.mkdtemp())
    shelf = Shelf(folder)
    data_id = shelf.put(SERIES)
    yield shelf, data_id, path_of(shelf, data_id).read_bytes()
    shutil.rmtree(folder)


@given(place=st.integers(0, 10**6), value=st.binary(min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_any_bytes_changed_give_the_same_numbers_or_a_sentence(
    fuzzed: tuple[Shelf, str, bytes], place: int, value: bytes
) -> None:
    shelf, data_id, whole = fuzzed
    at = place % len(whole)
    path_of(shelf, data_id).write_bytes(whole[:at] + value + whole[at + len(value) :])
    found = None
    with contextlib.suppress(MissingDataError):
        found = shelf.get(data_id)
    if found is None:
        assert sentence(shelf, data_id) == damaged(data_id)
        return
    # A name or a note may have changed, and nothing that is trained on.
    assert isinstance(found, Series)
    assert found.columns == SERIES.columns
    np.testing.assert_array_equal(found.values, SERIES.values)


# Room.


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, most_bytes=10 * 1024 + 999)
    a, b, c = (shelf.put(sized(3, letter)) for letter in "abc")
    for age, data_id in ((30, a), (20, b), (10, c)):
        os.utime(path_of(shelf, data_id), (time.time() - age,) * 2)
    shelf.get(a)
    d = shelf.put(sized(3, "d"))
    assert {each.id for each in shelf.contents()} == {a, c, d}
    e = shelf.put(sized(9, "e"))
    assert [each.id for each in shelf.contents()] == [e]
    assert sentence(shelf, a).startswith(f"The data {a} are not on this machine")


def test_what_was_just_put_stays(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, most_bytes=5 * 1024)
    a = shelf.put(sized(4, "a"))
    os.utime(path_of(shelf, a), (time.time() + 1e6,) * 2)  # A clock that was wrong.
    b = shelf.put(sized(4, "b"))
    assert [each.id for each in shelf.contents()] == [b]


def test_data_larger_than_the_shelf(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "data", most_bytes=4 * 1024)
    with pytest.raises(
        ShelfError, match=r"^a\.txt must take at most 0\.0039\d+ MB, got 0\.0 MB; c"
    ):
        shelf.put(sized(4, "a"))
    assert not shelf.folder.exists()


def test_the_largest_uploads_fit(shelf: Shelf) -> None:
    """Three files of 5 MB in an encoding of one byte a letter, of three in UTF-8."""
    text = "฿" * (5 * 2**20)
    data = Corpus(name="thai.txt", train=text, valid=text, test=text, source="thai.")
    assert shelf.get(shelf.put(data)) == data


def test_what_a_killed_process_left_is_swept_up(shelf: Shelf) -> None:
    shelf.put(CORPUS)
    old, new = shelf.folder / "old.part", shelf.folder / "new.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 4000,) * 2)
    shelf.put(SERIES)
    assert not old.exists()
    assert new.exists()


def test_a_write_that_fails_leaves_nothing(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put(CORPUS)
    before = sorted(shelf.folder.iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ShelfError) as caught:
        shelf.put(SERIES)
    assert str(caught.value) == (
        f"{shelf.folder} must be a folder with room to write, got No space left on device; free "
        "some space or set GRADVIZ_DATA to another folder."
    )
    assert sorted(shelf.folder.iterdir()) == before


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"")
    for folder in (tmp_path / "data", tmp_path / "data" / "deeper"):
        with pytest.raises(ShelfError, match="must be a folder with room to write"):
            Shelf(folder).put(CORPUS)
        assert Shelf(folder).contents() == ()


# Several at once.

BUSY = """
import sys
from pathlib import Path
from gradviz.uploads import Corpus, MissingDataError, Shelf
shelf, letters = Shelf(Path(sys.argv[1]), most_bytes=8 * 1024), sys.argv[2]
got = 0
for turn in range(60):
    text = letters[turn % len(letters)] * 2048
    data = Corpus(name="x", train=text, valid="v", test="t", source="x.")
    data_id = shelf.put(data)
    try:
        assert shelf.get(data_id) == data
        got += 1
    except MissingDataError as error:
        assert "not on this machine" in str(error), error  # Never half of a file.
    shelf.contents()
print(got)
"""


def test_processes_that_put_and_get_at_once(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", BUSY, str(tmp_path), letters],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for letters in ("abcd", "cdef", "efab")
    ]
    for process in started:
        out, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, complaint
        assert int(out) > 0
    assert not list(tmp_path.glob("*.part"))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 8 * 1024
