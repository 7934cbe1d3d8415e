"""Vanishing & exploding as a user meets it: turn the knob, play the pulse, look elsewhere."""

from __future__ import annotations

import pytest
from live_page import LivePage
from playwright.sync_api import Page, expect

from gradviz.ui.lessons import VANISHING

FIRST_RUN_S = 180.0
"""The server's first run waits for a worker that imports torch at nice 10."""

PICTURES = {"transport_by_lag", "eigenvalues", "singular_values", "pulse", "powers"}


@pytest.fixture
def lesson(server: str, page: Page) -> LivePage:
    page.goto(f"{server}/{VANISHING.name}")
    live = LivePage(page)
    live.until(lambda: set(live.drawn()) == PICTURES and live.settled() == 1)
    assert measured(live) == 60
    return live


def measured(live: LivePage) -> int:
    """How many lags of the measured transport are drawn."""
    if "transport_by_lag" not in live.drawn():
        return 0
    return len(live.trace("transport_by_lag", "measured")["y"])


def stored_runs(live: LivePage) -> str | None:
    """The runs of this tab, as it would find them again after a reload."""
    found: str | None = live.page.evaluate("sessionStorage.getItem('gradviz.runs.vanishing')")
    return found


def radius(live: LivePage) -> float:
    """The largest magnitude among the eigenvalues drawn of W_hh."""
    points = live.trace("eigenvalues", "W<sub>hh</sub>")
    pairs = zip(points["x"], points["y"], strict=True)
    return max((x * x + y * y for x, y in pairs), default=0.0) ** 0.5


def test_the_knob_changes_pictures_and_words_in_place(lesson: LivePage) -> None:
    lesson.page.evaluate("document.querySelector('.gv-live-pictures').dataset.mine = 'kept'")
    assert radius(lesson) == pytest.approx(1, abs=1e-3)
    expect(lesson.words).to_contain_text("shrinks")
    expect(lesson.page.get_by_role("heading", name=VANISHING.title)).to_be_visible()
    before = lesson.words.inner_text()
    lengths: list[int] = []
    lesson.page.get_by_role("slider", name="Gain of W_hh").press("ArrowRight")

    def turned() -> bool:
        lengths.append(measured(lesson))
        return abs(radius(lesson) - 1.05) < 1e-3

    lesson.until(turned, FIRST_RUN_S)
    assert min(lengths) == 60, "a picture was empty while the next one was measured"
    lesson.until(lambda: "ρ = 1.05" in lesson.words.inner_text() != before)
    assert "recurrent_gain=1.05" in lesson.page.url
    kept = lesson.page.locator(".gv-live-pictures").get_attribute("data-mine")
    assert kept == "kept", "the component was mounted anew"


def test_training_moves_the_eigenvalues(lesson: LivePage) -> None:
    lesson.press("Step 10")
    lesson.until(lambda: lesson.step() == 10 and lesson.settled() == 10, FIRST_RUN_S)
    lesson.until(lambda: abs(radius(lesson) - 1) > 1e-3)


def test_the_pulse_plays_and_steps_back_and_on(lesson: LivePage) -> None:
    player = lesson.page.locator("[data-picture=pulse] .gv-player")
    at = player.locator(".gv-at")
    expect(at).to_have_text("t = 60")
    player.get_by_role("button", name="One frame on").click()
    expect(at).to_have_text("t = 59")
    first = lesson.trace("pulse", "h<sub>t</sub>")["y"]
    player.get_by_role("button", name="One frame on").click()
    expect(at).to_have_text("t = 58")
    lesson.until(lambda: lesson.trace("pulse", "h<sub>t</sub>")["y"] != first)
    player.get_by_role("button", name="One frame back").click()
    expect(at).to_have_text("t = 59")
    player.get_by_role("button", name="Play").click()
    expect(at).to_have_text("t = 0")
    expect(player.get_by_role("button", name="Play")).to_be_visible()


def test_looking_elsewhere_restarts_nothing(lesson: LivePage) -> None:
    lesson.page.get_by_role("slider", name="Step Jacobian").press("ArrowLeft")

    def seen(picture: str) -> str:
        return str(
            lesson.page.evaluate(
                """(name) => document.querySelector(`[data-picture=${name}] .gv-plot`)
                    .layout.title.text""",
                picture,
            )
        )

    # The recorded run was looked at elsewhere, so this network is trained a step at once.
    lesson.until(lambda: "t = 59" in seen("singular_values"), FIRST_RUN_S)
    lesson.until(lambda: "t = 59" in seen("eigenvalues"))
    assert lesson.step() == 1
    run = stored_runs(lesson)
    assert "timestep=59" in lesson.page.url
    lesson.page.get_by_role("spinbutton", name="Pulse from unit").fill("7")
    lesson.page.keyboard.press("Enter")
    lesson.until(lambda: "from unit 7" in seen("pulse"))
    assert (lesson.step(), stored_runs(lesson)) == (1, run)


def test_the_matrix_on_paper(lesson: LivePage) -> None:
    highest = max(lesson.trace("powers", "‖Wᵏ‖₂")["y"])
    assert highest == pytest.approx(1.588, abs=1e-3)  # log10 38.7459
    coupling = lesson.page.get_by_role("slider", name="Coupling a")
    coupling.press("ArrowRight")
    lesson.until(lambda: max(lesson.trace("powers", "‖Wᵏ‖₂")["y"]) > highest)
    assert stored_runs(lesson) is None, "it is on paper: nothing is trained"
    lesson.until(lambda: "coupling=10.5" in lesson.page.url)
