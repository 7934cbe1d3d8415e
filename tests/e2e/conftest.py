"""A real server and a real Chromium for the browser tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from gradviz.shots.photographs import QUIET
from gradviz.shots.serving import serving

# Playwright's own 5 s are too few where the machine is busy with other things as well.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


def chromium() -> str:
    """The browser's path; without one a required browser test fails, another is skipped."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
    found = os.environ.get("GRADVIZ_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found:
        complain = pytest.fail if os.environ.get("GRADVIZ_REQUIRE_BROWSER") else pytest.skip
        complain("no Chromium found; `python dev.py test` installs one")
    return str(found)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("server")) as (address, _):
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One a file: a new one fetches and compiles all scripts anew, half a second a page."""
    opened = browser.new_context(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab of its own: what gradviz keeps in the browser, it keeps by tab."""
    tab = context.new_page()
    yield tab
    tab.close()
