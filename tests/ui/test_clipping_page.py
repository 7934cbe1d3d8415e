"""The Clipping page's logic, without a browser: clips, thresholds, links, undo, live changes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fabricated import row
from streamlit.testing.v1 import AppTest

from gradviz.config import RunConfig
from gradviz.history import History
from gradviz.runner import RunView
from gradviz.scenarios import SCENARIOS, on_page
from gradviz.ui import clipping, clips, setting_changes, stage_runs
from gradviz.ui import session as ui_session
from gradviz.ui.clips import Clips
from gradviz.ui.lessons import CLIPPING
from gradviz.ui.session import Session
from gradviz.ui.stage import Stage

ROOT = Path(__file__).parents[2]


class NoRunner:
    """Stands for the workers."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self.opened: list[RunConfig] = []
        self.steps = 3

    def open(self, config: RunConfig, owner: str, **options: object) -> str:
        self.opened.append(config)
        return f"run {len(self.opened)}"

    def close(self, name: str) -> None:
        self.told.append(("close", name))

    def step(self, name: str, count: int) -> None:
        self.told.append(("step", name, count))

    def set_clip_threshold(self, name: str, value: float) -> None:
        self.told.append(("clip_threshold", name, value))

    def set_learning_rate(self, name: str, value: float) -> None:
        self.told.append(("learning_rate", name, value))

    def ask(self, question: str) -> Future[Any]:
        return Future()

    @contextmanager
    def reading(self, name: str) -> Iterator[RunView]:
        history = History(RunConfig())
        history.append_scalars(row(step) for step in range(1, self.steps + 1))
        yield RunView(config=RunConfig(), history=history)

    def running_count(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> NoRunner:
    stand_in = NoRunner()
    for module in ("session", "layout", "stage_runs", "live_changes", "show", "clipping"):
        monkeypatch.setattr(f"gradviz.ui.{module}.runner", lambda: stand_in)
    # Nothing is trained, so what is on the page are the settings.
    monkeypatch.setattr("gradviz.ui.show.stage_runs.open_at_once", lambda stage: None)
    return stand_in


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    page.switch_page("pages/clipping.py")
    for name, value in query.items():
        page.query_params[name] = value
    return page.run()


def state(page: AppTest) -> Stage:
    found = page.session_state[ui_session._KEY]
    assert isinstance(found, Session)
    return found.stages["clipping"]


def a_stage(**query: str) -> Stage:
    stage = Stage(key="clipping", lesson=CLIPPING, config=CLIPPING.default)
    clips.take_url(stage, {name: [value] for name, value in query.items()})
    return stage


def warned(page: AppTest) -> list[str]:
    return [each.value.replace("\\", "") for each in page.warning]


@pytest.mark.parametrize("name", on_page("clipping"))
def test_a_scenario_is_what_its_link_opens_label_for_label(name: str) -> None:
    scenario = SCENARIOS[name]
    stage = Stage(key="clipping", lesson=CLIPPING, config=CLIPPING.default)
    CLIPPING.take_scenario(stage, scenario)
    wanted = {label: [config] for label, config in scenario.variants.items()}
    assert stage.setups == wanted
    page = opened(**clips.url_of(stage))
    assert not page.exception
    assert state(page).problems == []
    assert state(page).setups == wanted
    assert page.header[0].value == scenario.title
    assert dict(page.query_params) == clips.url_of(stage)


def test_every_setting_survives_its_link() -> None:
    stage = a_stage()
    stage.take(
        RunConfig(cell="lstm", seq_len=12, seed=7),
        Clips(kinds=("none", "agc"), norm=2.5, value=1e-3, agc=0.1 + 0.2),
    )
    again = a_stage(**{name: str(value) for name, value in clips.url_of(stage).items()})
    assert not again.problems
    assert (again.config, again.extra) == (stage.config, stage.extra)
    assert again.setups == {
        "no clip": [RunConfig(cell="lstm", seq_len=12, seed=7, clip="none")],
        "AGC 0.3": [
            RunConfig(cell="lstm", seq_len=12, seed=7, clip="agc", clip_threshold=0.1 + 0.2)
        ],
    }


HOSTILE = {
    "kinds=norm": "kinds must be 2…4 of none, norm, value, agc, with commas between them, got",
    "kinds=norm,norm": "got “norm,norm”.",
    "kinds=none,<b>": "got “none,<b>”.",
    "norm=-1": "norm must be a number, 1e-08…100000000, got “-1”. The default is used.",
    "value=nan": "value must be a number, 1e-08…100000000, got “nan”. The default is used.",
    "agc=1e999": "agc must be a number",
    "clip=value": "clip must be given as kinds, norm, value or agc",
    "clip_threshold=3": "clip_threshold must be given as kinds, norm, value or agc",
    "nonsense=1": "There is no setting named “nonsense”; it was ignored.",
}


@pytest.mark.parametrize("query", HOSTILE)
def test_a_wrong_link_is_answered_in_a_sentence_and_loses_nothing(query: str) -> None:
    name, value = query.split("=")
    page = opened(cell="gru", **{name: value})
    assert not page.exception
    assert len(page.warning) == 1
    assert HOSTILE[query] in warned(page)[0]
    assert "<b>" not in page.warning[0].value
    assert state(page).config == RunConfig(cell="gru")
    assert state(page).extra == Clips()


def test_a_threshold_given_twice_is_refused() -> None:
    stage = a_stage()
    clips.take_url(stage, {"norm": ["1", "2"], "kinds": ["none,norm", "none,agc"]})
    assert len(stage.problems) == 2
    assert "norm must be given once, got 2 values" in stage.problems[1]
    assert stage.extra == Clips()


def test_clips_and_thresholds_are_set_beside_the_page_and_undone() -> None:
    page = opened(seq_len="20")
    page.number_input("clip_at_value").set_value(0.25).run()
    page.checkbox("clip_on_agc").uncheck().run()
    assert state(page).extra == Clips(kinds=("none", "norm", "value"), value=0.25)
    assert list(state(page).setups) == ["no clip", "norm 1", "value 0.25"]
    assert dict(page.query_params) == {
        "seq_len": "20",
        "kinds": "none,norm,value",
        "value": "0.25",
    }
    page.checkbox("clip_on_none").uncheck().run()
    # Two are left: none of them can be switched off.
    assert page.checkbox("clip_on_norm").disabled
    assert page.checkbox("clip_on_value").disabled
    assert not page.checkbox("clip_on_agc").disabled
    for wanted in (("none", "norm", "value"), clips.KINDS):
        page.button("undo").click().run()
        assert state(page).extra == Clips(kinds=wanted, value=0.25)
    page.button("undo").click().run()
    assert state(page).extra == Clips()
    assert page.number_input("clip_at_value").value == 0.1
    assert dict(page.query_params) == {"seq_len": "20"}


def test_a_last_clip_stays_though_a_click_was_late() -> None:
    stage = a_stage(kinds="none,norm")
    clips.switch(stage, "norm", False)
    assert stage.problems == ["At least 2 clips must be on, for they are compared."]
    assert clips.clips(stage).kinds == ("none", "norm")


def test_defaults_are_the_pages_own_and_can_be_undone() -> None:
    page = opened(cell="gru", agc="0.5")
    page.button("defaults").click().run()
    assert (state(page).config, state(page).extra) == (CLIPPING.default, CLIPPING.extra)
    assert page.button("defaults").disabled
    page.button("undo").click().run()
    assert (state(page).config, state(page).extra) == (RunConfig(cell="gru"), Clips(agc=0.5))


class Running:
    """A stage in a Session of its own, with its runs opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, runner: NoRunner, **query: str) -> None:
        self.stage, self.runner = a_stage(**query), runner
        session = Session(stages={"clipping": self.stage})
        for module in ("stage_runs", "setting_changes", "clipping"):
            monkeypatch.setattr(f"gradviz.ui.{module}.session", lambda: session)
        monkeypatch.setattr(stage_runs, "session_id", lambda: "tab")
        monkeypatch.setattr(setting_changes, "in_fragment", lambda: False)
        stage_runs.open_runs(self.stage)

    def set(self, kind: clips.Kind, value: float) -> None:
        assert clips.set_threshold(self.stage, kind, value)
        setting_changes.setting_changed("clipping", "clip_threshold")


def test_a_threshold_reaches_its_own_run_at_once_and_the_label_says_both(
    monkeypatch: pytest.MonkeyPatch, workers: NoRunner
) -> None:
    page = Running(monkeypatch, workers)
    page.set("value", 0.5)
    assert workers.told == [("clip_threshold", "run 3", 0.5)]
    assert list(page.stage.runs) == ["no clip", "norm 1", "value 0.1 → 0.5", "AGC 0.1"]
    assert page.stage.runs["value 0.1 → 0.5"] == ["run 3"]
    assert page.stage.changed() == []
    page.set("value", 2.0)
    assert list(page.stage.runs)[2] == "value 0.1 → 2"
    setting_changes.undo("clipping")
    setting_changes.undo("clipping")
    # Back where it began; that it was elsewhere meanwhile the pictures mark.
    assert list(page.stage.runs)[2] == "value 0.1"
    assert [told[2] for told in workers.told] == [0.5, 2.0, 0.5, 0.1]
    assert page.stage.started == page.stage.setups


def test_before_the_first_step_a_run_begins_with_what_is_set(
    monkeypatch: pytest.MonkeyPatch, workers: NoRunner
) -> None:
    page = Running(monkeypatch, workers)
    workers.steps = 0
    page.set("norm", 0.5)
    assert workers.told == [("clip_threshold", "run 2", 0.5)]
    assert list(page.stage.runs) == ["no clip", "norm 0.5", "value 0.1", "AGC 0.1"]


def test_the_learning_rate_reaches_all_runs(
    monkeypatch: pytest.MonkeyPatch, workers: NoRunner
) -> None:
    page = Running(monkeypatch, workers, kinds="none,value")
    page.stage.change(learning_rate=0.5)
    setting_changes.setting_changed("clipping", "learning_rate")
    assert workers.told == [("learning_rate", "run 1", 0.5), ("learning_rate", "run 2", 0.5)]
    assert list(page.stage.runs) == ["no clip", "value 0.1"]


def test_another_kinds_threshold_is_no_runs_own(
    monkeypatch: pytest.MonkeyPatch, workers: NoRunner
) -> None:
    page = Running(monkeypatch, workers, kinds="none,norm")
    now = clips.clips(page.stage)
    page.stage.take(page.stage.config, replace(now, kinds=("none", "agc")))
    page.set("agc", 0.7)
    assert workers.told == []
    assert list(page.stage.runs) == ["no clip", "norm 1"]
    assert page.stage.changed() == ["clip", "clip_threshold"]


def test_use_takes_a_threshold_and_trains_the_clip_that_was_left_out(
    monkeypatch: pytest.MonkeyPatch, workers: NoRunner
) -> None:
    page = Running(monkeypatch, workers, kinds="none,value")
    assert CLIPPING.at_point
    for nonsense in ({}, {"x": "1"}, {"x": None}, {"x": float("nan")}, {"x": -1.0}, {"x": 1e99}):
        CLIPPING.at_point(page.stage, nonsense)
        assert clips.clips(page.stage).kinds == ("none", "value")
    CLIPPING.at_point(page.stage, {"x": 3.25, "y": 0.1})
    assert clips.clips(page.stage) == Clips(kinds=("none", "norm", "value"), norm=3.25)


def seen(kind: str, *norms: float) -> list[History]:
    history = History(RunConfig(clip=kind))
    history.append_scalars(row(step, grad_norm_pre=norm) for step, norm in enumerate(norms, 1))
    return [history]


def test_the_helper_looks_at_another_run_and_that_is_no_change() -> None:
    stage = a_stage()
    before = stage.undo
    runs = {"no clip": seen("none", 7.0), "norm 1": seen("norm", 1.0, 2.0)}
    assert clipping.shown_kind(stage, runs) == "norm"
    picture = CLIPPING.pictures(stage)["norm_percentiles"]
    assert "“norm 1”: norms of 2 steps" in picture(runs, None, theme="light").layout.title.text
    clips.look(stage, looking="none", percentile=50)
    assert "“no clip”: norms of 1 step," in picture(runs, None, theme="light").layout.title.text
    assert stage.undo == before
    assert stage.extra == Clips()
    clips.look(stage, looking="agc", percentile=50)
    assert clipping.shown_kind(stage, runs) == "none"
