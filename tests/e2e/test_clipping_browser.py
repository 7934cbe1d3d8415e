"""Clipping in a real browser: NaN without and learning with a clip, thresholds, traps."""

from __future__ import annotations

from urllib.parse import urlencode

import numpy as np
from live_page import LivePage
from playwright.sync_api import Page, expect

from gradviz.history import RECENT
from gradviz.scenarios import SCENARIOS
from gradviz.ui import clips
from gradviz.ui.lessons import CLIPPING
from gradviz.ui.stage import Stage

STAGE = Stage(key="", lesson=CLIPPING, config=CLIPPING.default)
PICTURES = tuple(CLIPPING.pictures(STAGE))
LEARNED = 0.75 / 6
"""Of the adding problem: a loss well below 1/6, its floor."""

SHORT = "task=recall&seq_len=8&hidden_size=16&kinds=none,norm"


class ClippingPage(LivePage):
    """The Clipping page as a user meets it."""

    def open(self, server: str, query: str = "") -> ClippingPage:
        """Go there and wait until all pictures stand."""
        self.page.goto(f"{server}/clipping?{query}")
        self.until(lambda: set(self.drawn()) == set(PICTURES))
        return self

    def pause_all(self) -> int:
        """Press Pause; the step of the run that went furthest."""
        self.play.click()
        expect(self.play).to_contain_text("Resume")
        expect(self.progress).to_contain_text("paused")
        return self.step()

    def set_threshold(self, kind: str, value: str) -> None:
        """Type another threshold."""
        field = self.page.get_by_label(f"Threshold {kind}", exact=True)
        field.fill(value)
        field.press("Enter")


def link(name: str) -> str:
    """The query of a scenario's link."""
    CLIPPING.take_scenario(STAGE, SCENARIOS[name])
    return urlencode(clips.url_of(STAGE))


def test_nan_without_and_learning_with_a_clip_from_the_same_seed(server: str, page: Page) -> None:
    scenario = SCENARIOS["nan_or_learning"]
    clipped = next(label for label, each in scenario.variants.items() if each.clip == "norm")
    live = ClippingPage(page).open(server, link("nan_or_learning"))
    expect(page.get_by_role("heading", name=scenario.title)).to_be_visible()
    # A recorded run shows at once how it goes; then it is trained here.
    expect(live.progress).to_contain_text("recorded")
    live.until(lambda: latest(live, clipped) < LEARNED)
    page.get_by_role("button", name="Run it live").click()
    live.until(lambda: latest(live, clipped) == np.inf)
    expect(live.words).to_contain_text("“no clip” failed at step")
    expect(live.words).to_contain_text("became NaN")
    live.until(lambda: latest(live, clipped) < LEARNED, 120)
    stood = live.pause_all()
    assert stood > 2 * len(live.trace("clip_losses", "no clip")["x"])
    expect(live.words).to_contain_text(f"“{clipped}” has a loss of")
    # The clip by norm turns nothing.
    assert set(live.trace("clip_angle", clipped)["y"]) == {0}


def latest(live: LivePage, label: str) -> float:
    losses = live.trace("clip_losses", label)["y"]
    return float(np.mean(losses[-RECENT:])) if len(losses) > RECENT else np.inf


def test_a_threshold_reaches_the_run_while_it_trains_and_is_marked(server: str, page: Page) -> None:
    live = ClippingPage(page).open(server, SHORT)
    live.until(lambda: live.step() == CLIPPING.opens_at)
    live.play.click()
    live.set_threshold("by norm", "0.25")
    live.until(lambda: bool(live.trace("clip_norms", "norm 1 → 0.25")["x"]))
    live.until(lambda: "norm at 0.25" in live.marks("clip_losses"))
    live.until(lambda: page.url.endswith("norm=0.25"))
    live.pause_all()
    # It is the same run, not a new one.
    assert live.step() > CLIPPING.opens_at
    # The helper goes on looking at it, though its label has changed.
    facts = page.locator("[data-picture=norm_percentiles]")
    expect(facts).to_contain_text("“norm 1 → 0.25”: norms of")
    # Its offer is one click away, and stands in the settings then.
    # Streamlit draws a button with a tooltip twice, one of them hidden.
    offer = page.locator(".st-key-clip_use button").first
    expect(offer).to_be_enabled()
    threshold = offer.inner_text().split()[-1]
    offer.click()
    expect(page.get_by_label("Threshold by norm", exact=True)).to_have_value(threshold)
    live.until(lambda: bool(live.trace("clip_norms", f"norm 1 → {threshold}")["x"]))
    expect(offer).to_be_disabled()


def test_what_bad_numbers_make_of_each_clip_is_tried_and_told(server: str, page: Page) -> None:
    live = ClippingPage(page).open(server, SHORT)
    page.get_by_text("What inf and NaN do to a clip").click()
    table = page.locator(".st-key-clip_traps table")
    expect(table.locator("tbody tr")).to_have_count(9)
    expect(table).to_contain_text("In float32 the norm overflows to ∞, though it is 1e20")
    # It stays open while the page looks at its runs again.
    live.press("Step 10")
    live.until(lambda: live.settled() == CLIPPING.opens_at + 10)
    expect(table).to_be_visible()


def test_a_click_on_a_percentile_takes_its_threshold(server: str, page: Page) -> None:
    live = ClippingPage(page).open(server, SHORT)
    live.until(lambda: live.settled() == CLIPPING.opens_at)
    x, y = page.evaluate(
        """() => {
            const plot = document.querySelector("[data-picture=norm_percentiles] .gv-plot");
            plot.scrollIntoView({ block: "center" });
            const dots = plot._fullData.find((each) => each.name === "percentiles");
            const { xaxis, yaxis, _size: size } = plot._fullLayout;
            const { left, top } = plot.getBoundingClientRect();
            return [left + size.l + xaxis.d2p(dots.x[2]), top + size.t + yaxis.d2p(dots.y[2])];
        }"""
    )
    median = live.trace("norm_percentiles", "percentiles")["x"][2]
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    expect(page.get_by_label("Threshold by norm", exact=True)).to_have_value(f"{median:g}")
