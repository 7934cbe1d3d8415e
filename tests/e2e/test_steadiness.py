"""While pictures move five times a second: no click lost, no chart gone, no zoom undone."""

from __future__ import annotations

import statistics
import time

import pytest
from live_page import PICTURES, LivePage
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.alone

RUN = "task=adding&cell=gru&seq_len=50&hidden_size=16"


def test_no_click_of_fifty_is_lost(server: str, page: Page) -> None:
    live = LivePage(page).open(server, RUN)
    live.train_to(5)
    waits = []
    for number in range(50):
        # The button flips by itself; the words beside it are the server's.
        button, server_says = ("Pause", "running") if number % 2 else ("Resume", "paus")
        began = time.monotonic()
        live.play.click()
        expect(live.play).to_contain_text(button)
        expect(live.progress).to_contain_text(server_says, timeout=5_000)
        waits.append(time.monotonic() - began)
        expect(live.play).to_contain_text(button)
        page.wait_for_timeout(37 * (number % 5))
    assert statistics.median(waits) < 2
    stood = live.step()
    live.until(lambda: live.step() > stood)


def test_clicks_faster_than_the_page_are_all_counted(server: str, page: Page) -> None:
    live = LivePage(page).open(server, RUN)
    for _ in range(20):
        live.press("Step 1")
        page.wait_for_timeout(30)
    live.until(lambda: live.step() == 20)
    page.wait_for_timeout(500)
    assert live.step() == 20


def test_no_chart_is_removed_or_blank_and_zoom_stays(server: str, page: Page) -> None:
    live = LivePage(page).open(server, RUN)
    live.train_to(5)
    page.evaluate(
        """() => {
            window.gone = [];
            const plots = [...document.querySelectorAll(".gv-plot")];
            new MutationObserver((changes) => {
                const lasting = ".gv-live-pictures, .gv-card, .gv-plot, .plot-container, .main-svg";
                const removed = changes.flatMap((change) => [...change.removedNodes]);
                for (const node of removed.filter((each) => each.nodeType === 1))
                    if (node.matches(lasting) || node.querySelector(lasting))
                        window.gone.push(node.className.baseVal ?? node.className);
            }).observe(document.body, { childList: true, subtree: true });
            const look = () => {
                for (const plot of plots) {
                    const svg = plot.querySelector(".main-svg");
                    const box = svg && svg.getBoundingClientRect();
                    if (!document.contains(plot) || !box || box.width < 50 || box.height < 50
                        || !plot.querySelector(".trace, .heatmaplayer image, .annotation"))
                        window.gone.push(`blank ${plot.parentElement.dataset.picture}`);
                }
                requestAnimationFrame(look);
            };
            look();
            window.Plotly.relayout(plots[1], { "xaxis.range": [10, 20] });
        }"""
    )
    before = live.drawn()
    live.until(lambda: all(live.drawn()[name] >= before[name] + 4 for name in PICTURES))
    live.play.click()
    page.wait_for_timeout(300)
    live.play.click()
    size = page.get_by_label("Hidden size", exact=True)
    size.fill("24")
    size.press("Enter")
    expect(page.get_by_text("Settings changed")).to_be_visible()
    before = live.drawn()
    live.until(lambda: all(live.drawn()[name] >= before[name] + 2 for name in PICTURES))
    assert page.evaluate("window.gone") == []
    shown = page.evaluate("[...document.querySelectorAll('.gv-plot')][1]._fullLayout.xaxis.range")
    assert shown == pytest.approx([10, 20])


def test_looking_back_holds_while_training_goes_on(server: str, page: Page) -> None:
    live = LivePage(page).open(server, RUN)
    live.train_to(60)
    live.scrubber.focus()
    live.scrubber.press("Home")
    live.until(lambda: live.settled() == 1)
    then = live.step()
    live.until(lambda: live.step() > then + 20)
    assert live.shown() == 1
    live.until(lambda: live.settled() == 1)
    live.newest.click()
    live.until(lambda: live.shown() > then)


def test_settings_apply_on_restart_but_the_learning_rate_at_once(server: str, page: Page) -> None:
    live = LivePage(page).open(server, RUN)
    live.train_to(10)
    rate = page.get_by_label("Learning rate", exact=True)
    rate.fill("0.01")
    rate.press("Enter")
    live.until(lambda: "learning_rate=0.01" in page.url)
    live.until(lambda: "learning rate 0.01" in live.marks("loss"))

    size = page.get_by_label("Hidden size", exact=True)
    size.fill("24")
    size.press("Enter")
    banner = page.locator(".st-key-banners")
    expect(banner).to_contain_text("Settings changed (Hidden size)")
    then = live.step()
    live.until(lambda: live.step() > then)
    live.press("Restart")
    expect(page.get_by_text("Settings changed")).to_have_count(0)
    live.until(lambda: live.step() > 0 and "learning rate 0.01" not in live.marks("loss"))
    live.press("Undo")
    expect(banner).to_contain_text("Hidden size")
    live.press("Undo")
    live.press("Reset")
    live.until(lambda: live.step() == 0)
    expect(live.play).to_contain_text("Train")
    live.until(lambda: "learning_rate" not in page.url)
