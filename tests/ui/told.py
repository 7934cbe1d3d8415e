"""Stands for the workers in tests of pages whose runs are of one fabricated step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fabricated import fabricate, looked
from streamlit.testing.v1 import AppTest

from gradviz import RunConfig
from gradviz.history import CloseUpRequest
from gradviz.runner import RunView
from gradviz.ui import session as ui_session
from gradviz.ui.stage import Stage

ROOT = Path(__file__).parents[2]


class Told:
    """Notes what it is told; a run has one fabricated step, or as yet none."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.views: dict[str, RunView] = {}
        self.slow = False
        """Whether the runs' first step is still to come."""

    def open(self, config: RunConfig, owner: str, **options: Any) -> str:
        name = f"run {len(self.views)}"
        self.told.append(("open", config, options["closeup"]))
        history = fabricate(config, steps=0) if self.slow else looked(config)
        status = "starting" if self.slow else "paused"
        self.views[name] = RunView(config=config, history=history, status=status)  # type: ignore[arg-type]
        return name

    def step(self, name: str, steps: int) -> None:
        self.told.append(("step", name, steps))

    def set_learning_rate(self, name: str, value: float) -> None:
        raise AssertionError("no test here changes it")

    set_clip_threshold = set_learning_rate

    def look(self, name: str, request: CloseUpRequest) -> None:
        self.told.append(("look", name, request))

    def close(self, name: str) -> None:
        self.told.append(("close", name))

    @contextmanager
    def reading(self, name: str) -> Iterator[RunView | None]:
        yield self.views.get(name)

    def owners_training(self) -> int:
        return 0

    def all(self, kind: str) -> list[tuple[Any, ...]]:
        return [each[1:] for each in self.told if each[0] == kind]


def told_workers(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Put one in the place of the server's Runner."""
    stand_in = Told()
    for module in ("session", "layout", "stage_runs", "live_changes", "show", "export_source"):
        monkeypatch.setattr(f"gradviz.ui.{module}.runner", lambda: stand_in)
    return stand_in


def opened_page(name: str, query: dict[str, Any]) -> AppTest:
    """A lesson's page, entered by its link."""
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    page.switch_page(f"pages/{name}.py")
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    return page


def stage_named(page: AppTest, name: str) -> Stage:
    found: Stage = page.session_state[ui_session._KEY].stages[name]
    return found


def words_of(page: AppTest) -> str:
    return " ".join(each.value for each in (*page.info, *page.warning, *page.error))
