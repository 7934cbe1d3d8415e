"""What a user waits for: the server's start, the first picture, Pause; and how smooth it is.

A real server and a real Chromium on this machine. Medians of several tries.

    python benchmarks/page.py [tries]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "e2e"))
from conftest import CHROMIUM_FLAGS, chromium, serving
from live_page import LivePage

RUN = "task=adding&cell=lstm&seq_len=100&hidden_size=64"
LOOK_S = 10
SIZE: ViewportSize = {"width": 1280, "height": 900}


def say(what: str, times: list[float]) -> None:
    """Print median and range."""
    spread = f"({min(times):.2f}…{max(times):.2f}, {len(times)} tries)"
    print(f"{what:30}{statistics.median(times):6.2f}   {spread}", flush=True)


def home_start(browser: Browser) -> float:
    """Seconds from `streamlit run` to a Home with its last card."""
    page = browser.new_page()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as (address, _):
        page.goto(address)
        expect(page.get_by_role("link", name="Real series: sunspots")).to_be_visible()
        spent = time.perf_counter() - began
    page.close()
    return spent


def first_picture(browser: Browser, address: str) -> float:
    """Seconds from the click on Train in a new tab to the first picture that moved."""
    page = browser.new_page(viewport=SIZE)
    live = LivePage(page).open(address, RUN)
    page.wait_for_timeout(500)
    page.evaluate(
        """() => {
            window.moved = new Promise((resolve) => {
                const card = document.querySelector("[data-picture=gradient_flow]");
                let began;
                document.querySelector(".gv-play").addEventListener("click",
                    () => { began = performance.now(); }, { once: true });
                new MutationObserver(() => {
                    if (card.querySelector(".gv-plot").data.length)
                        resolve((performance.now() - began) / 1000);
                }).observe(card, { attributes: true, attributeFilter: ["data-drawn"] });
            });
        }"""
    )
    live.play.click()
    spent: float = page.evaluate("window.moved")
    live.pause()
    page.close()
    return spent


def pause(page: Page, live: LivePage) -> float:
    """Seconds from the click on Pause to the server's word that it pauses."""
    page.evaluate(
        """() => {
            window.paused = new Promise((resolve) => {
                const words = document.querySelector(".gv-progress");
                let began;
                document.querySelector(".gv-play").addEventListener("click",
                    () => { began = performance.now(); }, { once: true });
                new MutationObserver(() => {
                    if (words.textContent.startsWith("paus"))
                        resolve((performance.now() - began) / 1000);
                }).observe(words, { childList: true, characterData: true, subtree: true });
            });
        }"""
    )
    live.play.click()
    spent: float = page.evaluate("window.paused")
    expect(live.progress).to_contain_text("paused")
    live.play.click()
    expect(live.progress).to_contain_text("running")
    page.wait_for_timeout(900)
    return spent


def smoothness(page: Page, live: LivePage) -> tuple[float, float, float]:
    """Browser frames, redraws of the slowest picture in sight, newly measured frames; a second."""
    seen: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".gv-card")]
            .filter((card) => card.getBoundingClientRect().top < window.innerHeight)
            .map((card) => card.dataset.picture)"""
    )
    before = live.drawn()
    page.evaluate(
        """() => {
            window.frames = 0;
            const count = () => { window.frames += 1; requestAnimationFrame(count); };
            requestAnimationFrame(count);
            window.titles = new Set();
            new MutationObserver(() => window.titles.add(
                document.querySelector("[data-picture=gradient_flow] .gv-plot").layout.title.text
                + JSON.stringify(document.querySelector("[data-picture=gradient_flow] .gv-plot")
                    .layout.title.subtitle ?? "")))
                .observe(document.querySelector("[data-picture=gradient_flow]"),
                    { attributes: true });
        }"""
    )
    began = time.perf_counter()
    page.wait_for_timeout(LOOK_S * 1000)
    spent = time.perf_counter() - began
    after = live.drawn()
    slowest = min(after[name] - before[name] for name in seen)
    frames, titles = page.evaluate("[window.frames, window.titles.size]")
    return frames / spent, slowest / spent, titles / spent


def main() -> None:
    """Print a line a figure."""
    tries = range(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        print("seconds, medians")
        say("streamlit run to Home", [home_start(browser) for _ in tries])
        with serving(Path(folder)) as (address, _):
            first_picture(browser, address)  # The workers import torch once.
            say("Train to the first picture", [first_picture(browser, address) for _ in tries])
            page = browser.new_page(viewport=SIZE)
            live = LivePage(page).open(address, RUN)
            live.train_to(50)
            say("Pause answered by the server", [pause(page, live) for _ in tries])
            for height, what in ((900, "a window of 1280 × 900"), (1900, "all seven in sight")):
                page.set_viewport_size({"width": 1280, "height": height})
                page.wait_for_timeout(1000)
                shown, redrawn, new = smoothness(page, live)
                print(f"{what}: {shown:.0f} browser frames a second,", end=" ")
                print(f"{redrawn:.1f} redraws of every picture in sight, {new:.1f} new frames")
        browser.close()


if __name__ == "__main__":
    main()
