"""From Home to moving pictures, back in time, and to the same run again by its URL."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from live_page import PICTURES, LivePage
from playwright.sync_api import BrowserContext, Page, expect

from gradviz.scenarios import SCENARIOS

pytestmark = pytest.mark.alone


def test_pick_train_pause_step_look_back_and_come_again(
    server: str, page: Page, context: BrowserContext
) -> None:
    page.goto(server)
    expect(page.get_by_role("heading", name="gradviz")).to_be_visible()
    page.get_by_role("link", name="Real digits, pixel by pixel").click()
    live = LivePage(page).ready()
    assert "task=digits_pixels" in page.url

    live.train_to(40)
    before = live.drawn()
    live.until(lambda: all(live.drawn()[name] > before[name] for name in PICTURES))
    stood = live.pause()
    assert stood >= 40
    first = live.trace("loss", "loss")["y"][:20]
    assert len(first) == 20
    assert len(live.trace("loss", "accuracy")["y"]) == stood

    live.press("Step 10")
    live.until(lambda: live.settled() == live.step() == stood + 10)
    page.keyboard.press("1")
    live.until(lambda: live.settled() == live.step() == stood + 11)

    newest = live.trace("gradient_flow", "l0")["y"]
    live.scrubber.focus()
    live.scrubber.press("Home")
    live.until(lambda: live.settled() == 1)
    assert live.trace("gradient_flow", "l0")["y"] != newest
    live.newest.click()
    live.until(lambda: live.settled() == stood + 11)
    assert live.trace("gradient_flow", "l0")["y"] == newest

    again = LivePage(context.browser.new_page())  # type: ignore[union-attr]
    again.page.goto(page.url)
    again.ready()
    again.press("Step 100")
    again.until(lambda: again.step() == 100, 60)
    again.until(lambda: len(again.trace("loss", "loss")["y"]) == 100)
    assert again.trace("loss", "loss")["y"][:20] == first
    again.page.close()


def test_an_explosion_stops_the_run_keeps_it_and_says_why(server: str, page: Page) -> None:
    query = urlencode(SCENARIOS["explosion"].config.to_query())
    live = LivePage(page).open(server, query)
    live.play.click()
    expect(live.progress).to_contain_text("stopped", timeout=30_000)
    stood = live.step()
    assert 20 < stood < 60
    expect(live.words).to_contain_text(f"step {stood}")
    expect(live.words).to_contain_text("exploded")
    expect(live.play).to_be_disabled()
    live.scrubber.focus()
    live.scrubber.press("Home")
    live.until(lambda: live.settled() == 1)
    expect(live.words).not_to_contain_text("exploded")
    live.press("Reset")
    expect(live.play).to_be_enabled()
    live.press("Step 10")
    live.until(lambda: live.settled() == 10)
