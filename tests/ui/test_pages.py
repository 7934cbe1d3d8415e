"""The pages' logic, without a browser: settings, scenarios, links, undo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from told import told_workers

from gradviz import RunConfig, figures
from gradviz.scenarios import SCENARIOS, on_page
from gradviz.ui import session as ui_session
from gradviz.ui.lessons import LESSONS, LIVE_TRAINING
from gradviz.ui.session import Session
from gradviz.ui.stage import Stage

ROOT = Path(__file__).parents[2]


class NoRunner:
    """Stands for the workers: these tests are about the pages."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def open(self, config: RunConfig, owner: str, **options: object) -> str:
        self.told.append(("open", config))
        return "run"

    def owners_training(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch) -> NoRunner:
    stand_in = NoRunner()
    for module in ("session", "layout", "stage_runs", "live_changes", "show"):
        monkeypatch.setattr(f"gradviz.ui.{module}.runner", lambda: stand_in)
    return stand_in


def home() -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=20).run()


def live(**query: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=20)
    page.switch_page("pages/live_training.py")
    for name, value in query.items():
        page.query_params[name] = value
    return page.run()


def state(page: AppTest, name: str = "live_training") -> Stage:
    found = page.session_state[ui_session._KEY]
    assert isinstance(found, Session)
    return found.stages[name]


def setting(page: AppTest, name: str) -> object:
    found = [
        each
        for each in (*page.selectbox, *page.number_input, *page.checkbox)
        if each.key == f"setting_{name}"
    ]
    return found[0].value if found else None


def test_home_shows_every_scenario_with_its_picture() -> None:
    page = home()
    assert not page.exception
    words = " ".join(each.value for each in (*page.markdown, *page.caption))
    shown = [each for each in SCENARIOS.values() if each.page in LESSONS]
    for scenario in on_page("live_training").values():
        assert scenario.text in words
    lessons = [each for each in LESSONS.values() if each is not LIVE_TRAINING]
    assert all(each.text in words for each in lessons)
    beside = len(LESSONS) + len(
        [
            *("Home", "Runs", "Your data", "Lecture", "Self-check"),
            *("In front of a class?", "A text or a CSV of your own?"),
            "Can these numbers be trusted?",
        ]
    )
    assert len(page.get("page_link")) == len(shown) + len(lessons) + beside
    assert len(page.get("image")) == len(on_page("live_training"))


@pytest.mark.parametrize(
    "name", [name for name, each in SCENARIOS.items() if each.page == "live_training"]
)
def test_a_scenarios_link_loads_it_and_leaves_the_same_link(name: str) -> None:
    config = SCENARIOS[name].config
    page = live(**config.to_query())
    assert not page.exception
    assert state(page).config == config
    assert page.header[0].value == SCENARIOS[name].title
    assert dict(page.query_params) == config.to_query()


def test_a_setting_changes_the_config_and_the_link_and_can_be_undone() -> None:
    page = live(cell="lstm")
    page.number_input("setting_hidden_size").set_value(48).run()
    page.selectbox("setting_clip").set_value("none").run()
    wanted = RunConfig(cell="lstm", hidden_size=48, clip="none")
    assert state(page).config == wanted
    assert dict(page.query_params) == wanted.to_query()
    assert setting(page, "clip_threshold") is None
    page.button("undo").click().run()
    page.button("undo").click().run()
    assert state(page).config == RunConfig(cell="lstm")
    assert setting(page, "hidden_size") == 32
    page.button("defaults").click().run()
    assert state(page).config == RunConfig()
    assert dict(page.query_params) == {}
    page.button("undo").click().run()
    assert state(page).config == RunConfig(cell="lstm")


def test_every_second_change_holds_too() -> None:
    page = live()
    for size in (40, 41, 42, 43):
        page.number_input("setting_hidden_size").set_value(size).run()
        assert (state(page).config.hidden_size, setting(page, "hidden_size")) == (size, size)


def test_settings_that_do_not_fit_together_are_refused_in_words_and_lose_nothing() -> None:
    page = live(seq_len="1000")
    page.number_input("setting_hidden_size").set_value(512).run()
    assert "work budget of 1,000,000,000" in page.warning[0].value.replace("\\", "")
    assert state(page).config == RunConfig(seq_len=1000)
    assert setting(page, "hidden_size") == 32
    page.number_input("setting_hidden_size").set_value(64).run()
    assert not page.warning
    assert state(page).config.hidden_size == 64


def test_a_gradient_that_stops_has_its_settings_and_its_picture() -> None:
    page = live(task="copy_memory")
    assert setting(page, "bptt_window") == 0
    assert setting(page, "bptt_every") is setting(page, "state") is None
    page.number_input("setting_bptt_window").set_value(20).run()
    assert setting(page, "bptt_every") == 0
    page.number_input("setting_bptt_every").set_value(5).run()
    assert state(page).config == RunConfig(task="copy_memory", bptt_window=20, bptt_every=5)
    assert list(LIVE_TRAINING.pictures(state(page))) == [*figures.LIVE, "truncation"]
    page.number_input("setting_bptt_window").set_value(4).run()
    assert "bptt_every must be at most bptt_window" in page.warning[0].value.replace("\\", "")
    assert setting(page, "bptt_window") == 20
    page.number_input("setting_bptt_window").set_value(0).run()
    assert list(LIVE_TRAINING.pictures(state(page))) == list(figures.LIVE)


def test_a_state_that_goes_on_has_its_setting_and_its_picture() -> None:
    page = live(task="sunspots", seq_len="10", batch_size="8")
    page.selectbox("setting_state").set_value("stateful").run()
    assert state(page).config.state == "stateful"
    assert list(LIVE_TRAINING.pictures(state(page))) == [*figures.LIVE, "carried_state"]
    page.selectbox("setting_task").set_value("adding").run()
    assert state(page).config.state == "stateless"
    assert list(LIVE_TRAINING.pictures(state(page))) == list(figures.LIVE)


def test_a_task_brings_its_own_length() -> None:
    page = live()
    page.selectbox("setting_task").set_value("digits_pixels").run()
    assert state(page).config.seq_len == 64
    assert page.number_input("setting_seq_len").disabled
    assert "ln 10" in page.caption[0].value
    page.selectbox("setting_task").set_value("adding").run()
    assert state(page).config.seq_len == 64


def test_only_the_settings_that_matter_are_shown() -> None:
    shown = {
        name: {
            field: setting(live(**query), field) is not None
            for field in ("activation", "recurrent_gain", "momentum")
        }
        for name, query in {
            "rnn": {},
            "lstm": {"cell": "lstm", "recurrent_init": "orthogonal", "optimizer": "sgd"},
        }.items()
    }
    assert shown["rnn"] == {"activation": True, "recurrent_gain": False, "momentum": False}
    assert shown["lstm"] == {"activation": False, "recurrent_gain": True, "momentum": True}


OF_RECURRENCE = ("readout", "bidirectional", "state", "bptt_window")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"task": "sunspots"}, list(OF_RECURRENCE)),
        ({"task": "adding"}, ["readout", "bidirectional", "bptt_window"]),
        ({"task": "copy_memory"}, ["bidirectional", "bptt_window"]),
        ({"task": "char_lm"}, ["state", "bptt_window"]),
        ({"task": "copy_sequence"}, []),
        ({"task": "sunspots", "cell": "fully_connected"}, []),
    ],
)
def test_a_setting_is_shown_where_something_is_carried_through_time(
    query: dict[str, str], shown: list[str]
) -> None:
    page = live(**query)
    assert [name for name in OF_RECURRENCE if setting(page, name) is not None] == shown
    titles = [each.label for each in page.expander]
    assert ("State and truncation" in titles) == bool({"state", "bptt_window"} & set(shown))


def test_layers_of_the_network_without_memory_may_be_skipped() -> None:
    page = live(cell="fully_connected", num_layers="2")
    page.checkbox("setting_residual").check().run()
    assert not page.exception
    assert state(page).config.residual


def test_changing_to_the_network_without_memory_and_back() -> None:
    page = live(cell="gru", bidirectional="True", bptt_window="5")
    page.selectbox("setting_cell").set_value("fully_connected").run()
    assert not page.exception
    assert state(page).config == RunConfig(cell="fully_connected")
    page.selectbox("setting_cell").set_value("gru").run()
    assert not page.exception
    assert setting(page, "bptt_window") == 0


@pytest.mark.parametrize(
    ("query", "is_shown"),
    [
        ({}, False),
        ({"num_layers": "2"}, True),
        # So that what a link brought can be taken back.
        ({"dropout": "0.3"}, True),
        ({"task": "copy_sequence", "num_layers": "2"}, True),
        ({"task": "copy_sequence", "dropout": "0.3"}, False),
    ],
)
def test_dropout_is_shown_where_it_drops(query: dict[str, str], is_shown: bool) -> None:
    assert (setting(live(**query), "dropout") is not None) == is_shown


def test_dropout_between_layers_is_set_without_a_text() -> None:
    page = live(num_layers="2")
    page.number_input("setting_dropout").set_value(0.5).run()
    assert not page.exception
    assert state(page).config == RunConfig(num_layers=2, dropout=0.5)


@pytest.mark.parametrize("cell", ["lstm", "mgu", "qrnn"])
def test_an_empty_forget_bias_is_the_cells(cell: str) -> None:
    bias = live(cell=cell).number_input("setting_forget_bias")
    assert bias.placeholder == "the cell's own"
    assert "LSTM:" not in bias.help


def test_the_settings_of_a_text_are_those_of_tasks_that_read_one() -> None:
    fields = ("vocabulary_size", "embedding_size", "dropout", "skip_step")
    shown = {
        task: [field for field in fields if setting(live(task=task), field) is not None]
        for task in ("adding", "word_lm", "char_lm", "text_classification")
    }
    assert shown == {
        "adding": [],
        "word_lm": list(fields),
        "char_lm": ["embedding_size", "dropout", "skip_step"],
        "text_classification": ["vocabulary_size", "embedding_size", "dropout"],
    }


def test_what_a_network_writes_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = told_workers(monkeypatch)
    page = live(task="char_lm", seq_len="12", hidden_size="4")
    assert not page.code
    (stage,) = page.session_state[ui_session._KEY].stages.values()
    stage.runs = {"": [workers.open(stage.config, "me", closeup=None)]}
    history = workers.views["run 0"].history
    hostile = "<img src=x onerror=alert(1)> **b** $x$ [a](http://b)\n" + "`" * 4
    history.append_frame(replace(history.frames[0], text=hostile))
    page.run()
    assert [each.value for each in page.code] == [hostile]
    assert "itself after step 1" in page.caption[-1].value.replace("\\", "")
    stage.scrub = 0
    page.run()
    assert not page.code


def test_directions_and_skips_are_chosen_by_a_tick() -> None:
    page = live(num_layers="2", cell="peephole_lstm")
    assert page.number_input("setting_forget_bias").value is None
    page.checkbox("setting_bidirectional").check().run()
    page.checkbox("setting_residual").check().run()
    assert not page.exception
    wanted = RunConfig(num_layers=2, cell="peephole_lstm", bidirectional=True, residual=True)
    assert state(page).config == wanted
    # One layer has nothing to skip.
    assert [each.key for each in live().checkbox] == ["setting_bidirectional"]
    page.selectbox("setting_task").set_value("char_lm").run()
    assert not page.exception
    assert not state(page).config.bidirectional


def test_a_scenario_can_be_picked_beside_the_settings() -> None:
    page = live()
    assert page.selectbox("scenario").value == "vanishing"
    page.selectbox("scenario").set_value("explosion").run()
    assert state(page).config == SCENARIOS["explosion"].config
    page.number_input("setting_seq_len").set_value(99).run()
    assert page.selectbox("scenario").value == ""
    assert page.header[0].value == "Live training"


def test_a_recorded_run_has_a_link_until_the_settings_are_others() -> None:
    page = live()
    page.button("show_recorded").click().run()
    assert state(page).recording == "vanishing"
    link = {name: page.query_params[name] for name in page.query_params}
    assert link == {"task": "adding", "recorded": "1"}
    page.selectbox("scenario").set_value("explosion").run()
    again = live(task="adding", recorded="1")
    assert not again.exception
    assert state(again).recording == "vanishing"
    assert not state(again).problems
    again.number_input("setting_seq_len").set_value(99).run()
    assert state(again).recording == ""
    assert "recorded" not in again.query_params


def test_a_link_to_a_recorded_run_that_is_not_there_says_so() -> None:
    page = live(seq_len="41", recorded="1")
    assert state(page).config.seq_len == 41
    (said,) = page.warning
    assert said.value.replace("\\", "") == "There is no recorded run of these settings."


def test_hostile_links_are_answered_in_sentences() -> None:
    page = live(hidden_size="-1", seed="<script>alert(1)</script>", cell="gru")
    said = sorted(each.value.replace("\\", "") for each in page.warning)
    assert said == [
        "hidden_size must be a whole number, 1…512, got “-1”. The default is used.",
        "seed must be a whole number, 0…2147483647, got “<script>alert(1)</script>”. "
        "The default is used.",
    ]
    # Nothing of it is left for Markdown to read as markup.
    assert not any("<script>" in each.value for each in page.warning)
    assert state(page).config == RunConfig(cell="gru")
    assert not page.exception
