"""Where photographs are taken: folders of their own, three saved runs, a time that stays."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradviz.recorded import load
from gradviz.store import Store

RUNS = (
    ("GRU, adding 60", ("lecture",), "gating"),
    ("LSTM that forgets", ("homework", "recall"), "forget_bias_low"),
    ("Exploding, no clip", (), "explosion"),
)
"""Name, tags, and the scenario whose recorded run it is."""

BEGAN_S, APART_S, LASTED_S = 1_767_603_600.0, 86_400.0, 41.0
"""5 January 2026, 9:00; a day between two runs."""


@contextmanager
def sampled(folder: Path) -> Iterator[None]:
    """This process's and its children's data are samples, in a folder, until the end."""
    _save_runs(folder / "runs.db")
    ours = {
        "GRADVIZ_RUNS": str(folder / "runs.db"),
        "GRADVIZ_DATA": str(folder / "data"),
        "GRADVIZ_LECTURES": str(folder / "lectures"),
        "TZ": "UTC",
    }
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    _take_zone()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        _take_zone()


def _save_runs(path: Path) -> None:
    with Store(path) as store:
        for place, (name, tags, scenario) in enumerate(RUNS):
            (history,) = (load(scenario) or {}).values()
            run = store.begin(history.config, name=name, tags=tags, floor=history.floor)
            store.write(run, history.rows(), history.frames[-1:], failure=history.failure)
            began = BEGAN_S + place * APART_S
            with store.writing() as connection:
                connection.execute(
                    "UPDATE run SET started = ?, ended = ? WHERE id = ?",
                    (began, began + LASTED_S, run),
                )


def _take_zone() -> None:
    if hasattr(time, "tzset"):  # Windows has none.
        time.tzset()
