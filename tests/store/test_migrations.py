"""A file of an older gradviz: its runs are read, and new ones go beside them."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gradviz.config import RunConfig
from gradviz.store import Store, StoreError
from gradviz.store.database import APPLICATION_ID, SCHEMA
from tests.fabricated import record

FIRST = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, started REAL NOT NULL, ended REAL,
    config TEXT NOT NULL, floor REAL, failure TEXT
);
CREATE TABLE scalars (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE, step INTEGER NOT NULL,
    loss REAL, accuracy REAL, grad_norm_pre REAL, grad_norm_post REAL, clipped REAL,
    learning_rate REAL, clip_threshold REAL, PRIMARY KEY (run, step)
) WITHOUT ROWID;
CREATE TABLE measured (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE, step INTEGER NOT NULL,
    layer TEXT NOT NULL, name TEXT NOT NULL, shape TEXT, value
);
CREATE INDEX measured_at ON measured (run, step);
INSERT INTO run (name, started, config, floor)
    VALUES ('old', 1.0, '{"RunConfig": {"cell": "gru", "clip": "value"}}', 0.25);
INSERT INTO scalars VALUES (1, 1, 0.5, NULL, 2.0, 1.0, 1.0, 0.003, 0.1);
INSERT INTO scalars VALUES (1, 2, 0.4, 0.75, 3.0, 1.5, 0.0, 0.003, 0.1);
"""
"""Schema 1, before a clip's angle was kept, as its gradviz wrote it."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as plain:
        plain.executescript(FIRST)
        plain.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        plain.execute("PRAGMA user_version = 1")
    return path


def test_its_angle_is_not_known_and_the_rest_is(old: Path) -> None:
    with Store(old) as store:
        found = store.load(1)
        assert found.config == RunConfig(cell="gru", clip="value")
        assert found.column("loss").tolist() == [0.5, 0.4]
        assert found.column("clip_threshold").tolist() == [0.1, 0.1]
        assert all(map(math.isnan, found.column("clip_angle")))
        later = store.begin(RunConfig())
        store.append(later, record(1, clip_angle=41.47))
        store.commit()
        assert store.load(later).column("clip_angle").tolist() == [41.47]
    with closing(sqlite3.connect(old)) as plain:
        assert plain.execute("PRAGMA user_version").fetchone() == (SCHEMA,)


def test_it_is_brought_up_to_date_once(old: Path) -> None:
    for _ in range(2):
        with Store(old) as store:
            assert store.load(1).last_step == 2


def test_only_to_read_it_stays_as_it_is(old: Path) -> None:
    content = old.read_bytes()
    with pytest.raises(StoreError, match=r"older gradviz; open it for writing once"):
        Store(old, read_only=True)
    assert old.read_bytes() == content
