"""Every set-up is a link; a wrong link says what is wrong and loses nothing else."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from live_page import LivePage
from playwright.sync_api import Browser, Locator, Page, expect

SCRIPT, LINK = quote("<script>alert(1)</script>"), quote("**[x](javascript:alert(1))**")
HOSTILE = {
    f"hidden_size=-1&learning_rate=1e999&task={SCRIPT}": [
        "hidden_size must be a whole number, 1…512, got “-1”.",
        "learning_rate must be a number, 1e-08…100, got “1e999”.",
        "task must be one of adding,",
    ],
    f"hidden_size=1e999&learning_rate=nan&task={LINK}": [
        "hidden_size must be a whole number, 1…512, got “1e999”.",
        "learning_rate must be a number",
        "task must be one of",
    ],
    "nonsense=1&seed=" + "9" * 10_000: [
        "There is no setting named “nonsense”; it was ignored.",
        "(10000 characters)",
    ],
    "seed=1&seed=2": ["seed must be given once, got 2 values; the default is used."],
    "hidden_size=512&seq_len=1000&batch_size=512": ["work budget of 1,000,000,000"],
}


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: query[:40])
def test_a_wrong_url_is_answered_in_sentences(server: str, page: Page, query: str) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    live = LivePage(page).open(server, f"{query}&cell=gru")
    said = page.locator(".st-key-heading [data-testid=stAlert]")
    for sentence in HOSTILE[query]:
        expect(said.filter(has_text=sentence)).to_have_count(1)
    # The other settings of the link stand, and the run can be started.
    live.until(lambda: page.url.endswith("/live_training?cell=gru"))
    assert page.locator("script:text('alert')").count() == 0
    assert page.get_by_text("Traceback").count() == 0
    live.press("Step 1")
    live.until(lambda: live.settled() == 1)
    assert dialogs == []


def test_nothing_is_loaded_from_outside(server: str, browser: Browser) -> None:
    context = browser.new_context()  # Of its own: with nothing kept of earlier pages.
    page = context.new_page()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page.goto(server)
    expect(page.get_by_role("heading", name="gradviz")).to_be_visible()
    page.get_by_role("link", name="Gates open the path").click()
    live = LivePage(page).ready()
    live.train_to(3)
    context.close()
    outside = [url for url in asked if not url.startswith((server, "data:", "blob:"))]
    assert len(asked) > 10
    assert outside == []


@pytest.mark.parametrize("width", [390, 768, 1280, 2560])
@pytest.mark.parametrize("path", ["", "live_training?task=digits_rows&cell=lstm&num_layers=2"])
def test_pages_fit_from_phone_to_wide_screen(
    server: str, page: Page, width: int, path: str
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{server}/{path}")
    if path:
        live = LivePage(page).ready()
        live.press("Step 10")
        live.until(lambda: live.settled() == 10)
        for card in page.locator(".gv-card").all():
            box, plot = card.bounding_box(), card.locator(".main-svg").first.bounding_box()
            assert box is not None
            assert plot is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert plot["width"] <= box["width"]
    else:
        expect(page.get_by_role("link", name="Real series: sunspots")).to_be_visible()
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("(node) => node.scrollWidth <= node.clientWidth")


def test_pictures_follow_a_window_that_grows(server: str, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    live = LivePage(page).open(server)
    for width in (768, 1280, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        for card in page.locator(".gv-card").all():
            live.until(lambda card=card, width=width: is_filled(card, width))


def test_pictures_take_the_place_of_a_sidebar_that_is_hidden(server: str, page: Page) -> None:
    live = LivePage(page).open(server)
    cards = page.locator(".gv-card").all()
    narrow = [width_of(card) for card in cards]
    page.get_by_test_id("stSidebar").hover()
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    for card, before in zip(cards, narrow, strict=True):
        live.until(lambda card=card, before=before: width_of(card) > before + 50)
        live.until(lambda card=card: is_filled(card, 1280))
    page.get_by_test_id("stExpandSidebarButton").click()
    for card, before in zip(cards, narrow, strict=True):
        live.until(lambda card=card, before=before: width_of(card) == before)
        live.until(lambda card=card: is_filled(card, 1280))


def is_filled(card: Locator, width: int) -> bool:
    """Whether a card lies within the window, and its plot fills it and no more."""
    box, plot = card.bounding_box(), card.locator(".main-svg").first.bounding_box()
    assert box is not None
    assert plot is not None
    is_within = box["x"] >= 0 and box["x"] + box["width"] <= width
    return is_within and 0.9 * box["width"] < plot["width"] <= box["width"]


def width_of(card: Locator) -> float:
    box = card.bounding_box()
    assert box is not None
    return box["width"]
