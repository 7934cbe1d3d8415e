"""The cliff as a user meets it: click a start, see both descents."""

from __future__ import annotations

import math

import pytest
from live_page import LivePage
from playwright.sync_api import Page, expect

from gradviz.theory import cliff
from gradviz.ui.lessons import CLIFF

PICTURES = {"surface_3d", "contour", "descent"}
FREE, CLIPPED = "not clipped", "clipped at 1"


@pytest.fixture
def lesson(server: str, page: Page) -> LivePage:
    page.goto(f"{server}/{CLIFF.name}")
    live = LivePage(page)
    live.until(lambda: set(live.drawn()) == PICTURES)
    return live


def click(live: LivePage, w: float, b: float) -> None:
    """Where the contour has these weights."""
    live.page.locator("[data-picture=contour] .nsewdrag").scroll_into_view_if_needed()
    left, top = live.page.evaluate(
        """([w, b]) => {
            const plot = document.querySelector("[data-picture=contour] .gv-plot");
            const area = plot.querySelector(".nsewdrag").getBoundingClientRect();
            const { xaxis, yaxis } = plot._fullLayout;
            return [area.left + xaxis.d2p(w), area.top + yaxis.d2p(b)];
        }""",
        [w, b],
    )
    live.page.mouse.move(left - 3, top)
    live.page.mouse.move(left, top)
    live.page.mouse.click(left, top)


def start_of(live: LivePage, path: str) -> tuple[float, float]:
    """As the contour draws it; no number while it is being drawn anew."""
    points = live.trace("contour", path)
    return (points["x"] or [math.nan])[0], (points["y"] or [math.nan])[0]


def test_opens_with_one_descent_thrown_out_and_one_that_comes_down(lesson: LivePage) -> None:
    expect(lesson.words).to_contain_text("Not clipped: at the wall")
    expect(lesson.words).to_contain_text("outside the picture")
    free, clipped = (lesson.trace("descent", name)["y"] for name in (FREE, CLIPPED))
    assert len(free) < len(clipped) == 301
    assert clipped[-1] < 1e-3 < free[0]
    assert lesson.page.locator(".gv-play").is_hidden()


@pytest.mark.parametrize("place", [(4.6, -2.0), (5.15, -2.33)], ids=["far", "near the path"])
def test_a_click_starts_both_descents_there(lesson: LivePage, place: tuple[float, float]) -> None:
    said = lesson.words.inner_text()
    click(lesson, *place)
    # A pixel is 0.005 wide.
    lesson.until(lambda: start_of(lesson, FREE) == pytest.approx(place, abs=0.02))
    start = start_of(lesson, FREE)
    assert start_of(lesson, CLIPPED) == start
    for name, clip in ((FREE, None), (CLIPPED, 1.0)):
        walked = cliff.descend(start, 0.1, clip, 300)
        wanted = pytest.approx(walked.errors.tolist(), rel=1e-6)
        # The pictures are drawn one after the other.
        lesson.until(lambda n=name, w=wanted: lesson.trace("descent", n)["y"] == w)
    lesson.until(lambda: lesson.words.inner_text() != said)
    # What stands outside the pictures follows too.
    expect(lesson.page.get_by_role("spinbutton", name="Start w")).to_have_value(f"{start[0]:.7g}")
    lesson.until(lambda: f"w={start[0]}" in lesson.page.url)
    lesson.press("Undo")
    lesson.until(lambda: start_of(lesson, FREE) == (5.2, -2.3))


def test_one_click_after_another(lesson: LivePage) -> None:
    for place in ((4.3, -2.9), (5.4, -1.9), (4.9, -2.2)):
        click(lesson, *place)
        lesson.until(lambda at=place: start_of(lesson, FREE) == pytest.approx(at, abs=0.02))


def test_at_the_wall_the_step_is_as_long_as_on_paper(lesson: LivePage) -> None:
    lesson.press("At the wall")
    expect(lesson.words).to_contain_text("the step 67.7 long")
    expect(lesson.words).to_contain_text("Clipped at 1")
    lesson.page.get_by_role("slider", name="Learning rate").press("ArrowRight")
    expect(lesson.words).to_contain_text("the step 135 long")
    lesson.until(lambda: "learning_rate=0.02" in lesson.page.url)
