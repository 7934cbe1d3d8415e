"""Every page by axe-core: no serious violation, in light and dark, wide and narrow."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from live_page import LivePage, at_rest
from playwright.sync_api import Page, expect

from gradviz.ui.lessons import LESSONS

PAGES = ["", *LESSONS, "your_data", "self_check", "lecture", "lecture?lecture=gradients&slide=6"]

WITHOUT_PLOTS = {"include": [["body"]], "exclude": [[".gv-plot"]]}
"""plotly.js draws thousands of SVG nodes, whose contrast axe cannot judge; tests/figures does."""

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"], "resultTypes": ["violations"]}

OF_STREAMLIT = {"scrollable-region-focusable", "nested-interactive"}
"""Rules that Streamlit's own widgets break, which a page cannot mend."""


@pytest.mark.parametrize("name", PAGES)
def test_no_serious_violation(server: str, page: Page, name: str) -> None:
    page.goto(f"{server}/{name}")
    expect(page.get_by_role("heading").first).to_be_visible()
    if name in LESSONS:
        live = LivePage(page)
        live.until(lambda: page.locator(".gv-live-pictures").count() > 0)
        live.until(lambda: len(live.drawn()) == page.locator(".gv-card").count() > 0)
    assert not serious_violations(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 900})
    expect(page.locator("[data-testid=stApp]")).to_have_css("color-scheme", "dark")
    at_rest(page)
    assert not serious_violations(page)


def serious_violations(page: Page) -> list[str]:
    """What axe finds, a line each."""
    found = Axe().run(page, context=WITHOUT_PLOTS, options=RULES)
    return [
        f"{each['id']} ({each['impact']}): {each['help']}: "
        + "; ".join(node["html"][:160] for node in each["nodes"][:4])
        for each in found.response["violations"]
        if each["impact"] in {"serious", "critical"} and each["id"] not in OF_STREAMLIT
    ]
