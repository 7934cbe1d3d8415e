"""The Remedies page's logic, without a browser: diseases, ticks, runs, the scoreboard, its file."""

from __future__ import annotations

import csv
import io
import math
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from fabricated import fabricate
from streamlit.testing.v1 import AppTest
from told import Told, opened_page, stage_named, words_of

from gradviz import RunConfig
from gradviz.config.remedy_list import REMEDIES as LIST
from gradviz.config.remedy_list import treated
from gradviz.history import Failure, History
from gradviz.recorded import path_of, read
from gradviz.runner import RUNS_AN_OWNER
from gradviz.scenarios import on_page
from gradviz.ui import board, treatment
from gradviz.ui.lessons import REMEDIES
from gradviz.ui.scoreboard import table_of
from gradviz.ui.stage import Stage

FIRST, *_ = on_page("remedies").values()


class Ward(Told):
    """Workers whose runs end as soon as they are told to play: at 0.2, an LSTM at 0.01."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = True
        self.in_line: set[bool] = set()

    def open(self, config: RunConfig, owner: str, **options: Any) -> str:
        self.in_line.add(options["in_line"])
        return super().open(config, owner, **options)

    def play(self, name: str, until: int | None = None) -> None:
        self.told.append(("play", name, until))
        view = self.views[name]
        assert until is not None
        loss = 0.01 if view.config.cell == "lstm" else 0.2 + 1e-3 * view.config.seed
        view.history = fabricate(view.config, steps=until, every=20, scalars={"loss": loss})
        view.status, view.step_ms = "paused", 4.0 if view.config.cell == "lstm" else 2.0

    def pause(self, name: str) -> None:
        self.told.append(("pause", name))


@pytest.fixture(autouse=True)
def ward(monkeypatch: pytest.MonkeyPatch) -> Ward:
    stand_in = Ward()
    ours = ("treatment", "board", "scoreboard")
    for module in ("session", "layout", "stage_runs", "live_changes", "show", *ours):
        monkeypatch.setattr(f"gradviz.ui.{module}.runner", lambda: stand_in)
    return stand_in


def remedies(**query: str) -> AppTest:
    return opened_page("remedies", query)


def stage_of(page: AppTest) -> Stage:
    return stage_named(page, "remedies")


def query_of(page: AppTest) -> dict[str, str]:
    return {
        name: each if isinstance(each, str) else each[0]
        for name, each in dict(page.query_params).items()
    }


def row(page: AppTest, label: str) -> dict[str, Any]:
    table = page.dataframe[0].value
    (found,) = table[table["Remedy"] == label].to_dict("records")
    return dict(found)


def said(page: AppTest) -> str:
    words = [each.value for each in (*page.markdown, *page.caption, *page.warning, *page.info)]
    return " ".join(words).replace("\\", "")


def test_it_opens_with_the_recorded_disease_and_its_words() -> None:
    page = remedies()
    assert page.header[0].value == FIRST.title
    assert stage_of(page).recording == FIRST.name
    (run,) = read(path_of(FIRST.name)).runs.values()
    untreated = row(page, "Untreated")
    assert untreated["Verdict"] == "untreated"
    assert untreated["Step"] == FIRST.steps
    assert untreated["Loss"] == pytest.approx(np.mean(run.column("loss")[-20:]))
    assert "Untreated, the first seed" not in words_of(page)
    assert words_of(page).startswith("Untreated")
    assert page.button("remedies_train").label == "Train 3 runs"
    # It stays in sight while remedies are ticked.
    page.checkbox("remedy_lstm").check().run()
    assert stage_of(page).recording == FIRST.name
    assert page.button("remedies_train").label == "Train 6 runs"
    assert row(page, "LSTM")["Verdict"] == "waiting"


def test_a_recording_without_the_untreated_run_is_not_taken() -> None:
    # cure_chrono has one of these runs, cures_recall all four.
    page = remedies(task="recall", seq_len="40", cell="lstm", seeds="1", **{"with": "chrono"})
    assert stage_of(page).recording == "cures_recall"
    assert row(page, "Chrono start")["Verdict"] == "cures"


@pytest.mark.parametrize(
    "query",
    [
        {"seq_len": "30"},
        {"task": "adding"},
        {
            "task": "recall",
            "seq_len": "20",
            "with": "clip_norm,lstm",
            "together": "only",
            "seeds": "1",
            "steps": "50",
        },
    ],
)
def test_a_link_stays_the_same_link(query: dict[str, str]) -> None:
    page = remedies(**query)
    assert not stage_of(page).problems
    assert query_of(page) == query
    again = remedies(**query_of(page))
    assert (stage_of(again).config, stage_of(again).extra) == (
        stage_of(page).config,
        stage_of(page).extra,
    )


def test_ticks_stay_with_another_disease_and_all_can_be_undone() -> None:
    page = remedies()
    page.checkbox("remedy_gru").check().run()
    page.checkbox("remedy_clip_value").check().run()
    # In the list's order, however they were ticked.
    assert query_of(page)["with"] == "clip_value,gru"
    page.selectbox("scenario").set_value("sick_hasty").run()
    assert stage_of(page).config == on_page("remedies")["sick_hasty"].config
    assert treatment.treatment(stage_of(page)).remedies == ("clip_value", "gru")
    assert page.number_input("remedy_steps").value == on_page("remedies")["sick_hasty"].steps
    # A GRU is what this disease has already, and what is ticked can be unticked.
    assert "“GRU” changes nothing of this set-up" in said(page)
    assert not page.checkbox("remedy_gru").disabled
    page.checkbox("remedy_gru").uncheck().run()
    assert page.checkbox("remedy_gru").disabled
    for _ in range(4):
        page.button("undo").click().run()
    assert stage_of(page).is_default
    assert page.button("defaults").disabled


def test_what_cannot_be_tried_is_disabled_with_the_sentence_why() -> None:
    page = remedies()
    box = page.checkbox("remedy_clip_norm")
    assert box.disabled
    assert "changes nothing of this set-up" in box.help.replace("\\", "")
    assert LIST["clip_norm"].text.replace(".", "") in box.help.replace("\\", "").replace(".", "")
    page.button("remedies_all").click().run()
    ticked = treatment.treatment(stage_of(page)).remedies
    refused = treatment.refusals(FIRST.config)
    assert set(ticked) == set(LIST) - set(refused)
    for name in ticked:
        assert treated(FIRST.config, (name,)) != FIRST.config
    page.button("remedies_none").click().run()
    assert stage_of(page).is_default


def test_what_finds_no_room_is_left_out_with_a_sentence_and_stays_ticked() -> None:
    page = remedies(**{"seq_len": "30", "with": ",".join(LIST), "seeds": "5"})
    stage = stage_of(page)
    assert sum(map(len, stage.setups.values())) == RUNS_AN_OWNER
    assert len(treatment.treatment(stage).remedies) == len(LIST)
    assert f"{RUNS_AN_OWNER} runs have room: with these seeds 7 set-ups" in said(page)
    assert "Left out: 40 runs have room, 5 of each set-up." in said(page)
    page.number_input("remedy_seeds").set_value(1).run()
    assert "5 of each set-up" not in said(page)
    assert len(stage_of(page).setups) > 20


def test_hostile_links_are_answered_in_sentences_and_lose_nothing() -> None:
    page = remedies(
        **{
            "with": "lstm,<script>alert(1)</script>,a,b,c,d,e",
            "seeds": "9" * 5000,
            "steps": "1e3",
            "together": "perhaps",
            "cell": "gpu",
            "seq_len": "30",
        }
    )
    words = stage_of(page).problems
    assert len(words) == 1 + 4 + 1 + 3
    for start in (
        "cell must be",
        "with must be names of remedies with commas between them, got “<script>",
        "with has 2 more unknown names",
        "seeds must be a whole number, 1…5",
        "steps must be a whole number, 20…10000, got “1e3”",
        "together must be one of no, also, only, got “perhaps”",
    ):
        assert any(each.startswith(start) for each in words), start
    shown = [each.value for each in page.warning]
    assert [each.replace("\\", "") for each in shown[: len(words)]] == words
    assert not any("<script>" in each for each in shown)
    assert treatment.treatment(stage_of(page)) == treatment.Treatment(remedies=("lstm",))


def test_the_scoreboard_fills_and_says_what_each_remedy_did(ward: Ward) -> None:
    page = remedies(seq_len="30", seeds="2", steps="60", together="also", **{"with": "gru,lstm"})
    page.button("remedies_train").click().run()
    assert ward.in_line == {True}
    assert [each[2:] for each in ward.told if each[0] == "play"] == [(60,)] * 6
    assert "“GRU” and “LSTM” cannot be together" in said(page).replace(
        "“LSTM” and “GRU”", "“GRU” and “LSTM”"
    )
    assert row(page, "LSTM")["Verdict"] == "cures"
    assert row(page, "LSTM")["Rank"] == 1
    assert row(page, "LSTM")["× untreated"] == 2
    assert row(page, "LSTM")["Solved"] == 2
    assert row(page, "GRU")["Verdict"] == "no difference"
    assert row(page, "GRU")["Least"] == pytest.approx(0.2)
    assert row(page, "GRU")["Greatest"] == pytest.approx(0.201)
    sentences = said(page)
    assert sentences.index("Cures it: all 2 runs solved") < sentences.index("No difference")
    assert page.button("remedies_train").disabled
    assert page.button("remedies_pause").disabled

    # More steps go on with the same runs.
    page.number_input("remedy_steps").set_value(90).run()
    assert row(page, "LSTM")["Verdict"] == "waiting"
    assert page.button("remedies_train").label == "Resume"
    page.button("remedies_train").click().run()
    assert len(ward.all("open")) == 6
    assert [each[2] for each in ward.told if each[0] == "play"][6:] == [90] * 6
    # Fewer steps than have been taken are no end: all are judged where all have come.
    page.number_input("remedy_steps").set_value(30).run()
    assert treatment.goal(stage_of(page)) == 90
    assert row(page, "LSTM")["Verdict"] == "cures"

    # Another tick asks for new runs.
    page.checkbox("remedy_clip_value").check().run()
    assert page.button("remedies_train").label == "Train 8 runs"
    page.button("remedies_reset").click().run()
    assert stage_of(page).changed() == []


def test_the_file_holds_the_tables_numbers_with_all_their_digits() -> None:
    page = remedies(seq_len="30", seeds="2", steps="60", **{"with": "clip_norm,lstm"})
    page.button("remedies_train").click().run()
    stage = stage_of(page)
    runs = {label: [_view(name) for name in names] for label, names in stage.runs.items()}
    found = board.board_of(stage, runs)
    text = board.csv_of(found, "http://127.0.0.1:8501/base/remedies?x=1")
    lines = {each["remedy"]: each for each in csv.DictReader(io.StringIO(text))}
    table = table_of(found, "").set_index("Remedy")
    assert list(lines) == [*table.index, "Clip by norm, 1"]
    for label in table.index:
        for name, title in {
            "loss_median": "Loss",
            "loss_low": "Least",
            "horizon_median": "Horizon at last",
            "near_one_median": None,
            "step_ms_median": "ms a step",
            "rank": "Rank",
        }.items():
            if title:
                assert float(lines[label][name]) == table.loc[label, title]
    assert lines["LSTM"]["sentence"] == table.loc["LSTM", "In words"]
    assert lines["Clip by norm, 1"]["verdict"] == "refused"
    link = urlsplit(lines["LSTM"]["link"])
    assert link.path == "/base/live_training"
    config, problems = RunConfig.from_query(parse_qs(link.query))
    assert (config, problems) == (treated(FIRST.config, ("lstm",)), [])
    assert lines["LSTM"]["settings"] == link.query


def _view(name: str) -> History:
    from gradviz.ui.board import runner

    with runner().reading(name) as view:
        assert view is not None
        return view.history


def test_a_horizon_to_the_first_input_sorts_as_infinite() -> None:
    page = remedies(seq_len="30", seeds="1", steps="60")
    stage = stage_of(page)
    reaching = fabricate(FIRST.config, steps=60, rate=1.0)
    found = board.board_of(stage, {"Untreated": [reaching]})
    table = table_of(found, "")
    assert table["Horizon at last"].dtype == float
    assert table.loc[0, "Horizon at last"] == math.inf
    assert table.loc[0, "‖J‖ in 0.9…1.1"] == 1


def test_runs_that_fail_are_told_and_one_that_was_ended_has_its_reason(ward: Ward) -> None:
    page = remedies(seq_len="30", seeds="1", steps="60", **{"with": "lstm,gru"})
    page.button("remedies_train").click().run()
    by_cell = {view.config.cell: view for view in ward.views.values()}
    by_cell["gru"].history = fabricate(by_cell["gru"].config, steps=30)
    by_cell["gru"].status = "stopped"
    by_cell["gru"].message = "A step took 3.0 s; 2 s is the limit."
    lost = by_cell["lstm"]
    lost.history = fabricate(lost.config, steps=30)
    lost.history.failure = _failure(30)
    lost.status = "stopped"
    page.run()
    assert row(page, "LSTM")["Verdict"] == "harms"
    assert row(page, "LSTM")["Failed"] == 1
    assert "GRU** · A step took 3.0 s; 2 s is the limit." in said(page)
    assert "GRU" not in list(page.dataframe[0].value["Remedy"])
    assert board.board_of(stage_of(page), _runs(ward, stage_of(page))).done == 3


def _failure(step: int) -> Failure:
    return Failure(step=step, tensor="loss", kind="nan")


def _runs(ward: Ward, stage: Stage) -> dict[str, list[History]]:
    return {
        label: [ward.views[name].history for name in names] for label, names in stage.runs.items()
    }


def test_pictures_draw_the_untreated_and_the_best(ward: Ward) -> None:
    page = remedies(
        seq_len="30",
        seeds="1",
        steps="60",
        **{"with": "clip_value,small_rate,relu,orthogonal,identity,lstm,gru"},
    )
    page.button("remedies_train").click().run()
    stage = stage_of(page)
    runs = _runs(ward, stage)
    assert len(runs) == 8
    drawn = {
        trace.name
        for trace in REMEDIES.pictures(stage)["compare_loss"](runs, None, theme="light").data
        if trace.showlegend is not False and trace.name != "floor"
    }
    assert len(drawn) == 6
    assert {"Untreated", "LSTM"} <= drawn
    overview = REMEDIES.pictures(stage)["remedy_losses"](runs, None, theme="dark")
    assert {trace.name for trace in overview.data} >= {"untreated", "cures", "no difference"}


def test_live_training_leads_here_with_its_settings() -> None:
    page = opened_page("live_training", {"cell": "gru", "learning_rate": "0.3"})
    links = [each for each in page.get("page_link") if each.proto.label == "Try remedies on this"]
    assert [each.proto.query_string for each in links] == ["cell=gru&learning_rate=0.3"]
