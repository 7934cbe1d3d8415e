"""Every file that cannot be used is named in one sentence, and left as it was."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gradviz.config import RecordedConfig
from gradviz.store import Store, StoreError
from gradviz.store.database import APPLICATION_ID, SCHEMA
from tests.fabricated import record

OWN = RecordedConfig(model="GRU(1, 2)")
NOBODY = 65534


def filled(path: Path, steps: int = 2000) -> Path:
    """A file of one run, closed."""
    with Store(path) as store:
        run = store.begin(OWN)
        for step in range(1, steps + 1):
            store.append(run, record(step))
        store.end(run)
    return path


@pytest.fixture
def without_rights() -> Iterator[Path]:
    """A folder of its own, for a test that has not root's right to write everywhere."""
    folder = Path(tempfile.mkdtemp())
    was_root = os.geteuid() == 0
    try:
        if was_root:
            os.chown(folder, NOBODY, -1)
            os.seteuid(NOBODY)
        yield folder
    finally:
        if was_root:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"^The folder of .*runs\.db must exist; make .*nowhere"):
        Store(tmp_path / "nowhere" / "runs.db")


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"must be a file, got a folder"):
        Store(tmp_path)


def test_a_file_to_read_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"There is no file .*runs\.db"):
        Store(tmp_path / "runs.db", read_only=True)
    assert not list(tmp_path.iterdir())


def test_a_file_to_read_that_has_no_runs_yet(tmp_path: Path) -> None:
    (tmp_path / "runs.db").touch()
    with pytest.raises(StoreError, match="holds no runs yet"):
        Store(tmp_path / "runs.db", read_only=True)


def test_a_folder_that_is_read_only(without_rights: Path) -> None:
    without_rights.chmod(0o555)
    with pytest.raises(StoreError, match=r"must be writable, got one that is not; choose another"):
        Store(without_rights / "runs.db")


def test_a_file_that_is_read_only(without_rights: Path) -> None:
    path = filled(without_rights / "runs.db", 3)
    path.chmod(0o444)
    with pytest.raises(StoreError, match=r"runs\.db must be writable"):
        Store(path)
    with Store(path, read_only=True) as store:
        assert store.load(1).last_step == 3


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "what?.db", "ü#1.db"])
def test_a_name_that_an_address_would_not_allow(tmp_path: Path, name: str) -> None:
    filled(tmp_path / name, 2)
    assert [each.name for each in tmp_path.iterdir()] == [name]
    with Store(tmp_path / name, read_only=True) as store:
        assert store.load(1).last_step == 2


@pytest.mark.parametrize("content", [b"step,loss\n1,0.5\n" * 100, b"x", b"y" * 511, bytes(4096)])
@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes, read_only: bool) -> None:
    path = tmp_path / "runs.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"must be a file of gradviz's runs, got "):
        Store(path, read_only=read_only)
    assert path.read_bytes() == content


@pytest.mark.parametrize("statement", ["CREATE TABLE sales (id)", "PRAGMA application_id = 7"])
@pytest.mark.parametrize("read_only", [False, True])
def test_another_programs_database(tmp_path: Path, statement: str, read_only: bool) -> None:
    path = tmp_path / "runs.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute(statement)
    content = path.read_bytes()
    with pytest.raises(StoreError, match=r"must be a file of gradviz's runs, got another program"):
        Store(path, read_only=read_only)
    assert path.read_bytes() == content


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_schema(tmp_path: Path, read_only: bool) -> None:
    path = filled(tmp_path / "runs.db", 1)
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    sentence = rf"must be of schema {SCHEMA} or older, got {SCHEMA + 1}, of a newer gradviz"
    with pytest.raises(StoreError, match=sentence):
        Store(path, read_only=read_only)


@pytest.mark.parametrize("share", [0.001, 0.02, 0.3, 0.6, 0.9])
def test_a_truncated_file(tmp_path: Path, share: float) -> None:
    path = filled(tmp_path / "runs.db")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(StoreError, match=r"must be a file of gradviz's runs, got "):
        Store(path)
    with pytest.raises(StoreError, match=r"must be a file of gradviz's runs, got "):
        Store(path, read_only=True)


def test_a_file_with_a_hole(tmp_path: Path) -> None:
    path = filled(tmp_path / "runs.db")
    content = bytearray(path.read_bytes())
    content[4096 * 8 : 4096 * 12] = os.urandom(4096 * 4)
    path.write_bytes(content)
    with Store(path) as store, pytest.raises(StoreError, match=r"must be a file of gradviz's runs"):
        store.load(1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE measured SET shape = '7 7'", "cannot reshape"),
        ("UPDATE measured SET value = x'00' WHERE shape IS NOT NULL", "buffer size"),
        ("DELETE FROM measured WHERE name = 'hidden_grad_log10'", "a layer has no gradients"),
        ("UPDATE run SET config = '{'", "Expecting property name"),
        ('UPDATE run SET config = \'{"RunConfig": {"cell": 3}}\'', "cell must be one of"),
        ("UPDATE run SET config = '{}'", "RecordedConfig"),
    ],
)
def test_a_damaged_run(tmp_path: Path, change: str, said: str) -> None:
    import numpy as np

    from gradviz.history import LayerRecord

    path = tmp_path / "runs.db"
    with Store(path) as store:
        layer = LayerRecord(hidden_grad_norm=np.ones((2, 3)), jacobian_norm=np.ones((2, 1)))
        store.append(store.begin(OWN), record(1, {"l0": layer}))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(change)
    with Store(path) as store, pytest.raises(StoreError, match=f"Run 1 of .*: .*{said}"):
        store.load(1)


def test_a_file_that_is_locked(tmp_path: Path) -> None:
    path = filled(tmp_path / "runs.db", 1)
    sentence = r"must be free within 0\.1 s, got it locked by another program"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Store(path, timeout_s=0.1) as store:
            with pytest.raises(StoreError, match=sentence):
                store.begin(OWN)
            other.execute("ROLLBACK")
            assert store.begin(OWN) == 2


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    path = filled(tmp_path / "runs.db", 100)
    with Store(path) as store:
        store.connection.execute("PRAGMA max_page_count = 20")
        run = store.begin(OWN)
        sentence = r"^The disk of .*runs\.db is full"
        with pytest.raises(StoreError, match=sentence):  # noqa: PT012 - whichever commits first
            for step in range(1, 3000):
                store.append(run, record(step))
            store.commit()
    with Store(path, read_only=True) as store:
        assert store.load(1).last_step == 100
        assert store.load(run).last_step == 0


def test_a_step_that_is_there_already(tmp_path: Path) -> None:
    with Store(tmp_path / "runs.db") as store:
        run = store.begin(OWN)
        store.append(run, record(1))
        store.append(run, record(1))
        with pytest.raises(StoreError, match="UNIQUE constraint failed"):
            store.commit()


def test_the_file_says_whose_it_is(tmp_path: Path) -> None:
    path = filled(tmp_path / "runs.db", 1)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert other.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert path.read_bytes()[68:72] == b"grvz"
