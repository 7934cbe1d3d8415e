"""In which lessons saved runs open, on which settings, and why not in others."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlencode

import pytest

from gradviz.config import RecordedConfig, RunConfig
from gradviz.config.remedy_list import treated
from gradviz.store import RunInfo
from gradviz.ui.lessons import CLIPPING, COMPARE, GATES, LESSONS, LIVE_TRAINING, REMEDIES
from gradviz.ui.run_openings import HOW, Opening, opening
from gradviz.ui.stage import Stage

LSTM = RunConfig(cell="lstm", seq_len=20, hidden_size=8, seed=3)
OWN = RecordedConfig(model="GRU(1, 2)")


def info(run_id: int, config: RunConfig | RecordedConfig | None, steps: int = 120) -> RunInfo:
    return RunInfo(
        run_id=run_id,
        name=f"run {run_id}",
        tags=(),
        config=config,
        versions={},
        started=1.0,
        ended=2.0,
        steps=steps,
        floor=None,
        failure="",
        losses=(),
        layers=("l0",),
        horizon=3.0,
    )


def runs(*configs: RunConfig | RecordedConfig | None) -> list[RunInfo]:
    """Newest first, as they are listed."""
    return [info(n, config) for n, config in enumerate(configs, 1)][::-1]


@pytest.mark.parametrize(
    ("name", "configs", "stored"),
    [
        ("live_training", [LSTM], {"": 1}),
        ("vanishing", [LSTM], {"": 1}),
        ("gates", [LSTM], {"": 1}),
        ("clipping", [LSTM], {"norm 1": 1}),
        ("clipping", [LSTM.replace(clip="none")], {"no clip": 1}),
        (
            "clipping",
            [LSTM.replace(clip="value", clip_threshold=0.3), LSTM.replace(clip="none"), LSTM],
            {"no clip": 2, "norm 1": 3, "value 0.3": 1},
        ),
        ("compare", [LSTM, LSTM.replace(cell="gru")], {"LSTM": 1, "GRU": 2}),
        ("compare", [LSTM, LSTM], {"LSTM": 1, "LSTM (2)": 2}),
        ("remedies", [LSTM], {"Untreated": 1}),
        (
            "remedies",
            [treated(LSTM, ["zoneout"]), LSTM],
            {"Untreated": 2, "Zoneout, 0.5": 1},
        ),
    ],
)
def test_runs_open_on_their_own_settings(
    name: str, configs: list[RunConfig], stored: dict[str, int]
) -> None:
    lesson = LESSONS[name]
    found = opening(lesson, runs(*configs))
    assert isinstance(found, Opening), found
    assert found.stored == stored
    stage = Stage(key=name, lesson=lesson, config=lesson.default)
    stage.take(found.config, found.extra)
    setups = stage.setups
    assert set(stored) <= set(setups)
    for label, run_id in stored.items():
        assert setups[label] == [configs[run_id - 1]]
    # The page is entered by its address: what is read from it must ask for the same runs.
    query = lesson.to_query(stage) or {"task": LSTM.task}
    lesson.take_query(stage, parse_qs(urlencode(query, doseq=True), keep_blank_values=True))
    assert (stage.setups, stage.problems) == (setups, [])


@pytest.mark.parametrize(
    ("name", "configs", "said"),
    [
        ("live_training", [LSTM, LSTM], "shows one run; tick one"),
        ("gates", [OWN], "It is of a model of your own"),
        ("compare", [LSTM, OWN], "One of them is of a model of your own"),
        ("vanishing", [None], "none that this gradviz knows"),
        ("clipping", [LSTM, LSTM], "two have the same"),
        ("clipping", [LSTM, LSTM.replace(clip="none", seed=4)], "these differ in seed"),
        ("compare", [LSTM], "two to 4 runs; tick so many"),
        ("compare", [LSTM] * 5, "two to 4 runs; tick so many"),
        ("compare", [LSTM, LSTM.replace(seq_len=30)], "these differ in sequence length. They are"),
        ("remedies", [LSTM, LSTM.replace(hidden_size=9)], "one remedy each; these do not"),
        ("remedies", [LSTM, LSTM], "one remedy each; these do not"),
    ],
)
def test_why_not(name: str, configs: list[RunConfig | RecordedConfig | None], said: str) -> None:
    found = opening(LESSONS[name], runs(*configs))
    assert isinstance(found, str)
    assert said in found
    assert found.endswith(".")


def test_a_run_without_a_step_opens_nowhere() -> None:
    for name in HOW:
        found = opening(LESSONS[name], [info(1, LSTM, steps=0)])
        assert found == "No step of it is in the file yet."


def test_settings_that_do_nothing_do_not_part_runs() -> None:
    idle = LSTM.replace(momentum=0.5)  # Adam has none.
    assert isinstance(opening(CLIPPING, runs(LSTM, idle.replace(clip="none"))), Opening)
    assert {LIVE_TRAINING.name, GATES.name, COMPARE.name, REMEDIES.name} <= set(HOW)


def test_steps_of_a_trial_are_those_that_all_have() -> None:
    long, short = info(1, LSTM, 500), info(2, treated(LSTM, ["zoneout"]), 140)
    found = opening(REMEDIES, [long, short])
    assert isinstance(found, Opening)
    assert (found.extra.steps, found.extra.seeds) == (140, 1)
    assert replace(found.extra, steps=None).remedies == ("zoneout",)
