"""The lecture's logic without a browser: addresses, slides, recordings, quizzes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gradviz import RunConfig
from gradviz.history import History
from gradviz.lectures import find, load
from gradviz.runner import RunView
from gradviz.scenarios import SCENARIOS
from gradviz.ui import lecture, recordings, slide_bar
from gradviz.ui import session as ui_session
from gradviz.ui.lessons import LESSONS
from gradviz.ui.session import Session
from gradviz.ui.stage import Stage

ROOT = Path(__file__).parents[2]

QUIZ = 6
"""Slide of the shipped lecture with a quiz: does this run stay finite?"""

OWN = """
title: "Monday <b>*x*</b>"
language: pt-BR
slides:
  - title: One
    do: Do *this*.
    look: Look <i>there</i>.
    hide: [words, scrub]
    settings: {cell: gru, seq_len: 13}
  - title: Two
    do: Compare.
    look: Look.
    page: live_training
    scenario: sunspots
    pictures: [loss]
"""


class NoRunner:
    """Stands for the workers: notes what it is told; its runs have taken no step."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def open(self, config: RunConfig, owner: str, **options: object) -> str:
        self.told.append(("open", config))
        return "run"

    def play(self, name: str, until: int | None = None) -> None:
        self.told.append(("play", until))

    def step(self, name: str, count: int) -> None:
        self.told.append(("step", count))

    def close(self, name: str) -> None:
        self.told.append(("close", name))

    def owners_training(self) -> int:
        return 0

    @contextmanager
    def reading(self, name: str) -> Iterator[RunView | None]:
        yield RunView(config=RunConfig(), history=History(RunConfig()))


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch) -> NoRunner:
    stand_in = NoRunner()
    for module in ("session", "layout", "stage_runs", "live_changes", "show"):
        monkeypatch.setattr(f"gradviz.ui.{module}.runner", lambda: stand_in)
    return stand_in


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A teacher's folder with a good lecture and a bad one."""
    (tmp_path / "monday.yaml").write_text(OWN, "utf-8")
    (tmp_path / "bad.yaml").write_text("title: x\nslides:\n  - title: One\n", "utf-8")
    monkeypatch.setenv("GRADVIZ_LECTURES", str(tmp_path))
    return tmp_path


def page(**query: str) -> AppTest:
    shown = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    shown.switch_page("pages/lecture.py")
    for name, value in query.items():
        shown.query_params[name] = value
    return shown.run()


def session(shown: AppTest) -> Session:
    found = shown.session_state[ui_session._KEY]
    assert isinstance(found, Session)
    return found


def stage(shown: AppTest) -> Stage:
    state = session(shown)
    return state.stages[state.talk.stage_key]


def go(shown: AppTest, to: int) -> AppTest:
    session(shown).talk.go(to)
    return shown.run()


def said(shown: AppTest) -> list[str]:
    return [each.value.replace("\\", "") for each in shown.warning]


def words(shown: AppTest) -> str:
    return " ".join(each.proto.body for each in shown.get("html"))


@pytest.mark.parametrize("name", ["clipping", "gradients", "remedies"])
def test_every_slide_opens_and_leaves_its_own_address(name: str, no_workers: NoRunner) -> None:
    shown = page(lecture=name)
    for number, each in enumerate(load(find(name)).slides, 1):
        shown = go(shown, number)
        assert not shown.exception, number
        state = session(shown)
        assert not state.talk.problems
        assert not any(each.problems for each in state.stages.values())
        assert dict(shown.query_params) == {"lecture": name, "slide": str(number)}
        assert each.title.replace("'", "&#x27;") in words(shown)
        assert bool(shown.radio) == (each.quiz is not None and each.page in LESSONS)
    assert ("play", None) not in no_workers.told


def test_a_slides_settings_and_pictures_reach_its_stage(own: Path, no_workers: NoRunner) -> None:
    shown = page(lecture="monday", slide="1")
    found = stage(shown)
    assert found.config == RunConfig(cell="gru", seq_len=13)
    assert (found.only, found.hide, found.until) == ((), {"words", "scrub"}, None)
    assert "[data-part=scrub]" in words(shown)
    # No recorded run has these settings: the first step is trained at once.
    assert no_workers.told == [("open", found.config), ("step", 1)]
    assert (found.recording, recordings.day_of(found)) == ("", "")
    shown = go(shown, 2)
    assert stage(shown).config == SCENARIOS["sunspots"].config
    assert stage(shown).only == ("loss",)
    assert stage(shown).recording == "sunspots"
    # The run of the slide that was left is closed, and nothing trains here.
    assert no_workers.told[2:] == [("close", "run")]
    assert "[data-part=scrub]" not in words(shown)


def test_words_of_a_teacher_are_words_only(own: Path) -> None:
    shown = page(lecture="monday", slide="1")
    assert '<div class="gv-slide" lang="pt-BR">' in words(shown)
    assert "Do *this*." in words(shown)
    assert "Look &lt;i&gt;there&lt;/i&gt;." in words(shown)
    listed = page()
    assert "Monday \\<b\\>\\*x\\*\\</b\\>" in [each.value for each in listed.subheader]


def test_the_list_tells_what_is_wrong_with_a_file(own: Path) -> None:
    shown = page()
    assert not shown.exception
    assert [each.key for each in shown.button if str(each.key).startswith("start_")] == [
        "start_clipping",
        "start_gradients",
        "start_monday",
        "start_remedies",
    ]
    errors = [each.value.replace("\\", "") for each in shown.error]
    assert "bad.yaml, line 3, slides[1].do: must be given." in errors
    shown = shown.button("start_monday").click().run()
    assert dict(shown.query_params) == {"lecture": "monday", "slide": "1"}
    shown = shown.button("shelf").click().run()
    assert dict(shown.query_params) == {}
    assert shown.header[0].value == "Lectures"


@pytest.mark.parametrize(
    ("query", "sentence", "at"),
    [
        ({"lecture": "gradients", "slide": "0"}, "1…22, got “0”; slide 1 is shown.", 1),
        ({"lecture": "gradients", "slide": "23"}, "1…22, got “23”; slide 22 is shown.", 22),
        ({"lecture": "gradients", "slide": "-7"}, "got “-7”; slide 1 is shown.", 1),
        ({"lecture": "gradients", "slide": "9" * 5000}, "slide 22 is shown.", 22),
        ({"lecture": "gradients", "slide": "٣"}, "slide 1 is shown.", 1),
        ({"lecture": "gradients", "cell": "gru"}, "no setting named “cell” here", 1),
        ({"lecture": "nothing"}, "lecture must be one of clipping, gradients, remedies", 0),
        ({"lecture": "../gradients"}, "got “../gradients”.", 0),
        ({"lecture": "a\x00b"}, "lecture must be one of", 0),
    ],
)
def test_a_wrong_address_is_a_sentence(query: dict[str, str], sentence: str, at: int) -> None:
    shown = page(**query)
    assert not shown.exception
    assert len(said(shown)) == 1
    assert sentence in said(shown)[0]
    talk = session(shown).talk
    assert (talk.at if talk.lecture else 0) == at


def test_home_leads_to_the_lecture() -> None:
    shown = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    shown.query_params["lecture"] = "clipping"
    shown.query_params["slide"] = "2"
    shown.run()
    assert not shown.exception
    assert session(shown).talk.name == "clipping"
    assert session(shown).talk.at == 2


def test_coming_back_goes_on_with_the_same_lecture() -> None:
    shown = page(lecture="gradients", slide=str(QUIZ))
    shown = shown.radio[0].set_value(1).run()
    shown = shown.switch_page("pages/live_training.py").run()
    shown.switch_page("pages/lecture.py")
    shown.query_params["lecture"], shown.query_params["slide"] = "gradients", str(QUIZ)
    shown = shown.run()
    assert session(shown).talk.chosen == {QUIZ: 1}
    assert shown.radio[0].value == 1


def test_a_quiz_shows_nothing_before_an_answer_and_keeps_it(no_workers: NoRunner) -> None:
    shown = page(lecture="gradients", slide=str(QUIZ))
    assert shown.radio[0].value is None
    assert not shown.get("bidi_component")[1:]
    assert stage(shown).recording == ""
    assert not shown.button or {each.key for each in shown.button} == {"shelf"}
    shown = shown.radio[0].set_value(2).run()
    assert stage(shown).recording == ""
    assert not shown.success
    shown = shown.radio[0].set_value(0).run()
    shown = shown.button("reveal").click().run()
    assert stage(shown).recording == "explosion"
    verdict = said(shown)[0]
    assert verdict.startswith("You chose “A number is no longer finite within 10 steps.”")
    assert "Measured after 60 steps: a number is no longer finite at step " in verdict
    assert not shown.radio
    answered = [each.value for each in shown.markdown if "your answer" in each.value]
    assert "◉ A number is no longer finite within 10 steps\\. \\(your answer" in answered[0]
    shown = go(go(shown, QUIZ + 2), QUIZ)
    assert not shown.radio
    assert said(shown) == [verdict]
    shown = shown.button("ask_again").click().run()
    assert shown.radio[0].value is None
    assert not said(shown)
    shown = shown.radio[0].set_value(1).run()
    shown = shown.button("reveal").click().run()
    assert shown.success[0].value.startswith("Right")
    assert no_workers.told == []


@pytest.mark.parametrize("at", [QUIZ, 2, 13, 19])
def test_the_verdict_is_the_recorded_number(at: int) -> None:
    """The number in the sentence, against the recording itself."""
    shown = page(lecture="gradients", slide=str(at))
    quiz = load(find("gradients")).slides[at - 1].quiz
    assert quiz is not None
    shown = shown.radio[0].set_value(0).run()
    shown = shown.button("reveal").click().run()
    kept = recordings.recording(stage(shown).recording)
    assert kept is not None
    run = next(run for run in kept.runs.values() if run.config == stage(shown).config)
    losses, steps = run.column("loss"), run.column("step")
    match quiz.measure:
        case "failed_at":
            number, right = f"step {run.failure.step}", 1 if run.failure else 2  # type: ignore[union-attr]
        case "transport":
            (layer,) = run.frames[0].layers.values()
            assert layer.transport_log10 is not None
            left = sorted(layer.transport_log10[0])[len(layer.transport_log10[0]) // 2]
            number, right = f"1e{left:.0f}", 2
        case "solved_at":
            solved = next(
                int(steps[end - 1])
                for end in range(20, len(losses) + 1)
                if sum(losses[end - 20 : end]) / 20 < 0.1 * run.floor
            )
            number, right = f"step {solved}", 0
        case _:
            mean = sum(run.column("accuracy", upto=200)[-20:]) / 20
            number, right = f"accuracy is {mean:.3g}", None
    told = [*said(shown), *(each.value.replace("\\", "") for each in shown.success)]
    assert any(number in each for each in told), (number, told)
    if right is not None:
        assert quiz.options[right].text in " ".join(told)


def test_a_recording_is_found_by_its_settings() -> None:
    found = stage(page(lecture="gradients", slide="9"))
    # The same run is in two recordings; the first that goes far enough is taken.
    ends = {"clipping": 500, "clipping_kinds": 600}
    for name, end in ends.items():
        (runs,) = recordings.runs_of(found, name).values()
        assert [(run.config, run.last_step) for run in runs] == [(found.config, end)]
    for until, name in ((None, "clipping"), (500, "clipping"), (501, "clipping_kinds")):
        found.until = until
        assert recordings.covering(found) == name
    found.until = 700
    assert recordings.covering(found) == "clipping_kinds"
    found.change(seed=1)
    assert recordings.covering(found) == ""
    assert recordings.runs_of(found, "clipping_kinds") == {}


def test_a_setting_that_changes_nothing_does_not_matter() -> None:
    shown = page(lecture="gradients", slide="1")
    found = stage(shown)
    found.change(forget_bias=3.0)
    assert recordings.covering(found) == "digits_rows"
    found.change(hidden_size=63)
    assert recordings.covering(found) == ""


def test_orders_are_obeyed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    state = Session()
    state.talk.open("gradients")
    given: list[dict[str, object]] = []
    monkeypatch.setattr(lecture, "session", lambda: state)
    monkeypatch.setattr(slide_bar.st, "session_state", {slide_bar.KEY: {"orders": given}})
    walk = {"next": 2, "last": 22, "previous": 21, "first": 1, "nonsense": 1, "__init__": 1}
    for number, (order, at) in enumerate(walk.items(), 1):
        given.append({"id": number, "order": order})
        lecture.obey()
        lecture.obey()
        assert state.talk.at == at
    given.extend([{"id": 7, "order": "previous"}, {"id": 8, "order": "notes"}])
    lecture.obey()
    assert (state.talk.at, state.talk.notes, state.talk.handled) == (1, True, 8)
