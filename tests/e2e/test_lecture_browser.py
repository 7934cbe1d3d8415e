"""The lecture as a speaker gives it: by keys, from recorded runs, with quizzes, by its URL."""

from __future__ import annotations

import pytest
from live_page import LivePage
from playwright.sync_api import Locator, Page, expect

from gradviz.lectures import find, load

LECTURE = load(find("gradients"))


class LecturePage(LivePage):
    """Finds things as a speaker does."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.title = page.locator(".gv-slide h1")
        self.count = page.locator(".gv-count")
        self.notes = page.locator(".st-key-notes")
        self.quiz = page.locator(".st-key-quiz")
        self.verdict = page.locator(".st-key-verdict")

    def go(self, server: str, query: str) -> LecturePage:
        """Open a slide."""
        self.page.goto(f"{server}/lecture?{query}")
        return self

    def stands_at(self, number: int) -> None:
        """Wait until a slide is shown, with its own words and address."""
        expect(self.count).to_have_text(f"{number} of {len(LECTURE.slides)}")
        expect(self.title).to_have_text(LECTURE.slides[number - 1].title)
        self.until(lambda: self.page.url.endswith(f"lecture=gradients&slide={number}"))

    def shows_pictures(self, number: int) -> None:
        """Wait until the slide's pictures are drawn, and no others."""
        self.until(lambda: set(self.drawn()) == set(LECTURE.slides[number - 1].pictures))

    def answer(self, text: str) -> Locator:
        """One of a quiz's answers."""
        return self.quiz.locator("label").filter(has_text=text)


@pytest.fixture
def lecture(page: Page) -> LecturePage:
    return LecturePage(page)


def test_forward_and_back_by_keys(server: str, lecture: LecturePage) -> None:
    press = lecture.page.keyboard.press
    lecture.go(server, "lecture=gradients&slide=1").stands_at(1)
    lecture.shows_pictures(1)
    for key, number in (
        ("ArrowRight", 2),
        ("PageDown", 3),
        ("ArrowLeft", 2),
        ("End", len(LECTURE.slides)),
        ("PageUp", len(LECTURE.slides) - 1),
        ("Home", 1),
    ):
        press(key)
        lecture.stands_at(number)
    # Quick presses all count, and none counts twice.
    for _ in range(5):
        press("ArrowRight")
    lecture.stands_at(6)
    lecture.press("◀ Previous")
    lecture.stands_at(5)
    lecture.press("Next ▶")
    lecture.stands_at(6)
    lecture.page.reload()
    lecture.stands_at(6)


def test_notes_by_a_key_and_not_while_one_types(server: str, lecture: LecturePage) -> None:
    press = lecture.page.keyboard.press
    lecture.go(server, "lecture=gradients&slide=1").stands_at(1)
    expect(lecture.notes).to_have_count(0)
    press("n")
    expect(lecture.notes).to_contain_text("unrolled, a recurrent network is a deep network")
    press("ArrowRight")
    lecture.stands_at(2)
    expect(lecture.notes).to_contain_text("nothing is wrong with this network")
    press("n")
    expect(lecture.notes).to_have_count(0)
    lecture.page.get_by_test_id("stExpandSidebarButton").click()
    lecture.press("Glossary")
    field = lecture.page.get_by_label("Find a term")
    field.fill("")
    field.press_sequentially("norm")
    field.press("ArrowLeft")
    field.press("Home")
    expect(field).to_have_value("norm")
    expect(lecture.notes).to_have_count(0)
    lecture.stands_at(2)


def test_a_picture_at_once_from_the_recording_then_live(server: str, lecture: LecturePage) -> None:
    lecture.go(server, "lecture=gradients&slide=1").stands_at(1)
    expect(lecture.progress).to_contain_text("recorded 20")
    lecture.shows_pictures(1)
    curve = lecture.trace("gradient_flow", "l0")["y"]
    assert len(curve) == 8
    # The slide is about the first step; the recording goes on.
    assert lecture.place.inner_text().startswith("pictures of step 1 of 300")
    lecture.scrubber.focus()
    lecture.scrubber.press("End")
    lecture.until(lambda: lecture.settled() == 300)
    assert lecture.trace("gradient_flow", "l0")["y"] != curve
    lecture.stands_at(1)

    lecture.press("▶ Run it live")
    lecture.until(lambda: "paused" in lecture.progress.inner_text())
    lecture.until(lambda: lecture.settled() == lecture.step() == 1)
    live = lecture.trace("gradient_flow", "l0")["y"]
    # The same seed: what was recorded is what is measured, to what the recording rounds.
    assert live == pytest.approx(curve, rel=0.05)
    lecture.press("Reset")
    expect(lecture.progress).to_contain_text("recorded 20")
    # The run of a slide that is left is over.
    lecture.press("▶ Run it live")
    expect(lecture.progress).not_to_contain_text("recorded")
    lecture.page.keyboard.press("ArrowRight")
    lecture.stands_at(2)
    lecture.page.keyboard.press("ArrowLeft")
    lecture.stands_at(1)
    expect(lecture.progress).to_contain_text("recorded 20")


def test_a_quiz_from_choice_to_verdict(server: str, lecture: LecturePage) -> None:
    lecture.go(server, "lecture=gradients&slide=6").stands_at(6)
    expect(lecture.quiz).to_contain_text("What becomes of this run within 60 steps?")
    # Nothing is told before an answer is chosen.
    assert lecture.page.locator(".gv-card").count() == 0
    assert lecture.page.get_by_text("recorded").count() == 0
    lecture.answer("Every number stays finite.").click()
    lecture.press("See what was measured")
    expect(lecture.verdict).to_contain_text("You chose “Every number stays finite.”")
    expect(lecture.verdict).to_contain_text("a number is no longer finite at step")
    expect(lecture.progress).to_contain_text("recorded 20")
    # The keys belong to the slides again; the answer is kept.
    lecture.page.keyboard.press("ArrowRight")
    lecture.stands_at(7)
    lecture.page.keyboard.press("ArrowLeft")
    lecture.stands_at(6)
    expect(lecture.verdict).to_contain_text("You chose")
    lecture.press("Ask again")
    expect(lecture.verdict).to_have_count(0)

    lecture.answer("A number is no longer finite later than that.").click()
    lecture.press("▶ Run it live")
    lecture.until(lambda: "stopped" in lecture.progress.inner_text(), 120)
    expect(lecture.verdict).to_contain_text("Right. Measured after 60 steps")


@pytest.mark.parametrize(
    ("query", "said", "number"),
    [
        ("lecture=gradients&slide=99", "slide must be a whole number, 1…22, got “99”", 22),
        ("lecture=gradients&slide=<b>x", "got “<b>x”; slide 1 is shown.", 1),
        ("lecture=../../etc/passwd", "lecture must be one of clipping, gradients", 0),
        ("lecture=**x**&slide=3", "got “**x**”.", 0),
    ],
)
def test_a_wrong_address_is_a_sentence(
    server: str, lecture: LecturePage, query: str, said: str, number: int
) -> None:
    # Home leads there.
    lecture.page.goto(f"{server}/?{query}")
    expect(lecture.page.get_by_test_id("stAlert").first).to_contain_text(said)
    if number:
        lecture.stands_at(number)
    else:
        lecture.page.get_by_role("button", name="Start").nth(1).click()
        lecture.stands_at(1)
    assert lecture.page.get_by_text("Traceback").count() == 0


def test_a_slide_fits_a_phone(server: str, lecture: LecturePage) -> None:
    lecture.page.set_viewport_size({"width": 390, "height": 844})
    lecture.go(server, "lecture=gradients&slide=1").stands_at(1)
    lecture.shows_pictures(1)
    main = lecture.page.get_by_test_id("stMain")
    assert main.evaluate("(node) => node.scrollWidth <= node.clientWidth")
    for card in lecture.page.locator(".gv-card").all():
        box = card.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
