"""Orders of the live pictures' buttons: each is obeyed once, in turn, and nonsense is ignored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gradviz import RunConfig
from gradviz.history import History
from gradviz.runner import RunView
from gradviz.ui import actions
from gradviz.ui.session import Session


class Recorder:
    """A runner that only notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def __getattr__(self, name: str) -> Any:
        def note(*arguments: object) -> str:
            self.told.append((name, *arguments))
            return "run"

        return note

    @contextmanager
    def reading(self, run: str) -> Iterator[RunView | None]:
        yield RunView(config=RunConfig(cell="gru"), history=History(RunConfig()))


class Bench:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state, self.runner, self.given = Session(), Recorder(), 100
        self.orders: list[dict[str, object]] = []
        monkeypatch.setattr(actions, "session", lambda: self.state)
        monkeypatch.setattr(actions, "runner", lambda: self.runner)
        monkeypatch.setattr(
            actions.st, "session_state", {actions.PICTURES: {"orders": self.orders}}
        )

    def order(self, name: str, value: object = None) -> None:
        self.given += 1
        self.orders.append({"id": self.given, "order": name, "value": value})


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_every_order_is_obeyed_once(bench: Bench) -> None:
    bench.order("play")
    bench.order("pause")
    actions.obey_orders()
    # Streamlit sends the same list again, and then with one more.
    actions.obey_orders()
    bench.order("step", 10)
    actions.obey_orders()
    opened = ("open", RunConfig(), "none")
    assert bench.runner.told == [opened, ("play", "run"), ("pause", "run"), ("step", "run", 10)]
    assert bench.state.handled == bench.given


def test_reset_opens_a_new_run_with_the_present_settings_and_frees_the_old(bench: Bench) -> None:
    bench.order("step", 1)
    actions.obey_orders()
    bench.state.change(hidden_size=48)
    bench.state.scrub = 1
    bench.order("reset")
    actions.obey_orders()
    assert bench.runner.told[2:] == [
        ("close", "run"),
        ("open", RunConfig(hidden_size=48), "none"),
    ]
    assert bench.state.scrub is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("step", 10**9), ("step", "1"), ("step", None), ("launch", 1), ("__init__", None)],
)
def test_nonsense_is_ignored(bench: Bench, name: str, value: object) -> None:
    bench.order(name, value)
    actions.obey_orders()
    assert bench.runner.told == []
    assert bench.state.handled == bench.given


def test_scrubbing_and_following_the_newest(bench: Bench) -> None:
    for value, wanted in ((12, 12), (None, None), ("<b>", None)):
        bench.order("scrub", value)
        actions.obey_orders()
        assert bench.state.scrub == wanted


def test_a_reloaded_tab_takes_part_in_its_run_again(bench: Bench) -> None:
    bench.order("attach", "run")
    actions.obey_orders()
    assert (bench.state.run_id, bench.state.started) == ("run", RunConfig(cell="gru"))
    bench.order("attach", "another")
    actions.obey_orders()
    assert bench.runner.told == [("attach", "run", "none")]


def test_live_settings_reach_the_run_and_others_wait(bench: Bench) -> None:
    bench.order("play")
    actions.obey_orders()
    bench.state.change(learning_rate=0.1)
    actions.setting_changed("learning_rate")
    bench.state.change(hidden_size=48)
    actions.setting_changed("hidden_size")
    assert bench.runner.told[2:] == [("set_learning_rate", "run", 0.1)]
    assert bench.state.started == RunConfig(learning_rate=0.1)
    actions.undo()
    actions.undo()
    assert bench.runner.told[3:] == [("set_learning_rate", "run", 3e-3)]
    assert bench.state.started == RunConfig()
