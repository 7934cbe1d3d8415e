"""Orders of the live pictures' buttons: each is obeyed once, in turn, and nonsense is ignored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gradviz import RunConfig
from gradviz.history import History
from gradviz.runner import RunView
from gradviz.ui import live_changes, orders, setting_changes, stage_runs
from gradviz.ui.lessons import LIVE_TRAINING
from gradviz.ui.session import Session


class Recorder:
    """A runner that only notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def __getattr__(self, name: str) -> Any:
        def note(*arguments: object, **options: object) -> str:
            self.told.append((name, *arguments))
            return "run"

        return note

    @contextmanager
    def reading(self, run: str) -> Iterator[RunView | None]:
        yield RunView(config=RunConfig(cell="gru"), history=History(RunConfig()))


class Bench:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runner, self.given = Recorder(), 100
        session = Session()
        self.state = session.stage(LIVE_TRAINING)
        self.orders: list[dict[str, object]] = []
        for module in (orders, setting_changes, stage_runs):
            monkeypatch.setattr(module, "session", lambda: session)
        for module in (stage_runs, live_changes):
            monkeypatch.setattr(module, "runner", lambda: self.runner)
        component = {"pictures_live_training": {"orders": self.orders}}
        monkeypatch.setattr(orders.st, "session_state", component)

    def obey(self) -> None:
        orders.obey_orders("live_training")

    def order(self, name: str, value: object = None) -> None:
        self.given += 1
        self.orders.append({"id": self.given, "order": name, "value": value})


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_every_order_is_obeyed_once(bench: Bench) -> None:
    bench.order("play")
    bench.order("pause")
    bench.obey()
    # Streamlit sends the same list again, and then with one more.
    bench.obey()
    bench.order("step", 10)
    bench.obey()
    opened = ("open", RunConfig(), "none")
    assert bench.runner.told == [opened, ("play", "run"), ("pause", "run"), ("step", "run", 10)]
    assert bench.state.handled == bench.given


def test_reset_opens_a_new_run_with_the_present_settings_and_frees_the_old(bench: Bench) -> None:
    bench.order("step", 1)
    bench.obey()
    bench.state.change(hidden_size=48)
    bench.state.scrub = 1
    bench.order("reset")
    bench.obey()
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
    bench.obey()
    assert bench.runner.told == []
    assert bench.state.handled == bench.given


def test_scrubbing_and_following_the_newest(bench: Bench) -> None:
    for value, wanted in ((12, 12), (None, None), ("<b>", None)):
        bench.order("scrub", value)
        bench.obey()
        assert bench.state.scrub == wanted


def test_a_reloaded_tab_takes_part_in_its_run_again(bench: Bench) -> None:
    bench.order("attach", '{"": ["run"]}')
    bench.obey()
    assert bench.state.runs == {"": ["run"]}
    assert bench.state.started == {"": [RunConfig(cell="gru")]}
    bench.order("attach", '{"": ["another"]}')
    bench.obey()
    assert bench.runner.told == [("attach", "run", "none")]


@pytest.mark.parametrize(
    "value",
    [None, 1, "", "{", "[]", '{"": "run"}', '{"": []}', '{"": [1]}', "[" * 9_000, "[" * 20_000],
)
def test_a_tab_that_comes_back_with_nonsense_gets_no_run(bench: Bench, value: object) -> None:
    bench.order("attach", value)
    bench.obey()
    assert bench.state.runs == {}
    assert bench.runner.told == []


def test_live_settings_reach_the_run_and_others_wait(bench: Bench) -> None:
    bench.order("play")
    bench.obey()
    bench.state.change(learning_rate=0.1)
    setting_changes.setting_changed("live_training", "learning_rate")
    bench.state.change(hidden_size=48)
    setting_changes.setting_changed("live_training", "hidden_size")
    assert bench.runner.told[2:] == [("set_learning_rate", "run", 0.1)]
    assert bench.state.started == {"": [RunConfig(learning_rate=0.1)]}
    setting_changes.undo("live_training")
    setting_changes.undo("live_training")
    assert bench.runner.told[3:] == [("set_learning_rate", "run", 3e-3)]
    assert bench.state.started == {"": [RunConfig()]}


def test_a_rate_that_the_run_cannot_have_waits_for_a_restart(bench: Bench) -> None:
    """Its weights would change their signs, by the decay that it runs with and that was unset."""
    bench.state.change(weight_decay=2.0)
    bench.order("play")
    bench.obey()
    told = len(bench.runner.told)
    bench.state.change(weight_decay=None)
    bench.state.change(learning_rate=1.0)
    setting_changes.setting_changed("live_training", "learning_rate")
    assert len(bench.runner.told) == told
    assert set(bench.state.changed()) == {"weight_decay", "learning_rate"}
