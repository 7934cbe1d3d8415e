"""Every page by axe-core: no serious violation, in light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from live_page import LivePage
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gradviz.ui.lessons import LESSONS

PAGES = ["", *LESSONS, "your_data", "self_check", "lecture", "lecture?lecture=gradients&slide=6"]

WITHOUT_PLOTS = {"include": [["body"]], "exclude": [[".gv-plot"]]}
"""plotly.js draws thousands of SVG nodes, whose contrast axe cannot judge; tests/figures does."""

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"], "resultTypes": ["violations"]}

OF_STREAMLIT = {"scrollable-region-focusable", "nested-interactive"}
"""Rules that Streamlit's own widgets break, which a page cannot mend."""


@pytest.fixture(scope="module", params=[("light", 1280), ("dark", 390)], ids=["light", "dark"])
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    scheme, width = request.param
    opened = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    yield opened
    opened.close()


@pytest.mark.parametrize("name", PAGES)
def test_no_serious_violation(server: str, page: Page, name: str) -> None:
    page.goto(f"{server}/{name}")
    expect(page.get_by_role("heading").first).to_be_visible()
    if name in LESSONS:
        live = LivePage(page)
        live.until(lambda: page.locator(".gv-live-pictures").count() > 0)
        live.until(lambda: len(live.drawn()) == page.locator(".gv-card").count() > 0)
    found = Axe().run(page, context=WITHOUT_PLOTS, options=RULES)
    serious = [
        f"{each['id']} ({each['impact']}): {each['help']}: "
        + "; ".join(node["html"][:160] for node in each["nodes"][:4])
        for each in found.response["violations"]
        if each["impact"] in {"serious", "critical"} and each["id"] not in OF_STREAMLIT
    ]
    assert not serious, "\n".join(serious)
