"""Photographs of pages in a real browser, driven by Playwright.

Not by choreographer, which kaleido brings: what a photograph needs (a colour scheme, a viewport,
waiting for what is seen, stopping animations, ending with the program) Playwright has and tests
rely on; there it would be some hundred lines of our own upon the browser's protocol.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from gradviz.exports import browser_path
from gradviz.exports.browser import NO_BROWSER
from gradviz.exports.stamped import Theme
from gradviz.shots.shot import PageShot, ShotError

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

Task = tuple[PageShot, Theme]

TIMEOUT_MS = 120_000
SETTLED_MS = 400
"""A page that stays the same for so long is drawn."""

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""For a Chromium that asks nobody for anything; the browser tests' too."""

FLAGS = (
    *QUIET,
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--hide-scrollbars",
    # Else a tile that is painted anew differs in a few edges.
    "--disable-partial-raster",
    "--disable-lcd-text",
    "--num-raster-threads=1",
)

STYLE = """
.modebar, [data-testid=stToolbar], [data-testid=stStatusWidget] { display: none !important; }
*, *::before, *::after { transition: none !important; animation: none !important; }
[data-stale] { opacity: 1 !important; }
*:focus, *:focus-visible { outline: none !important; }
"""

DRAWN = """() => {
  const app = document.querySelector("[data-testid=stApp]");
  const main = document.querySelector("[data-testid=stMainBlockContainer]");
  const all = (selector) => [...document.querySelectorAll(selector)];
  if (!main || !main.querySelector("h1, h2, h3")) return "";
  if (app.dataset.testScriptState !== "notRunning") return "";
  // What is looked at anew every two seconds is paler for a moment.
  if (all("[data-testid=stSkeleton], [data-stale=true]").length) return "";
  const cards = all(".gv-card"), live = all(".gv-live-pictures");
  if (live.length && (!cards.length || !live[0].dataset.complete)) return "";
  if (cards.some((card) => !card.dataset.drawn)) return "";
  if (all("img").some((image) => !image.complete) || document.fonts.status !== "loaded") return "";
  const times = cards.map((card) => card.dataset.drawn);
  return JSON.stringify([main.scrollHeight, main.innerText, times]);
}"""
"""What is seen, or nothing while something is still to be drawn."""

HEIGHT = """() => {
  const main = document.querySelector("[data-testid=stMainBlockContainer]");
  return Math.ceil(main.getBoundingClientRect().height);
}"""

SAY = """(changing) => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode())
    for (const [pattern, words] of changing) {
      const node = walker.currentNode;
      const said = node.data.replace(new RegExp(pattern, "g"), words);
      if (said !== node.data) node.data = said;
    }
  document.activeElement?.blur();
}"""


def check_browser() -> None:
    """See that photographs can be taken.

    Raises:
        ShotError: with what to do, where they cannot.
    """
    try:
        import playwright.async_api  # noqa: F401
    except ImportError:
        raise ShotError(
            'Photographs of pages need Playwright: pip install -e ".[shots]".'
        ) from None
    if browser_path() is None:
        raise ShotError(NO_BROWSER)


def photographed(
    tasks: Sequence[Task],
    address: str,
    jobs: int,
    told: Callable[[PageShot, Theme, bytes | ShotError], None],
) -> None:
    """Photograph pages, some at once, each in a browser context of its own.

    Args:
        tasks: what, in which theme.
        address: of the server.
        jobs: contexts at a time.
        told: called with each photograph, or with why there is none.
    """
    asyncio.run(_all(tasks, address, jobs, told))


async def _all(
    tasks: Sequence[Task],
    address: str,
    jobs: int,
    told: Callable[[PageShot, Theme, bytes | ShotError], None],
) -> None:
    from playwright.async_api import async_playwright

    turns = asyncio.Semaphore(jobs)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path(), args=list(FLAGS))

        async def one(shot: PageShot, theme: Theme) -> None:
            async with turns:
                told(shot, theme, await _tried(browser, address, shot, theme))

        try:
            async with asyncio.TaskGroup() as group:
                for shot, theme in tasks:
                    group.create_task(one(shot, theme))
        finally:
            await browser.close()


async def _tried(browser: Browser, address: str, shot: PageShot, theme: Theme) -> bytes | ShotError:
    from playwright.async_api import Error

    context = await browser.new_context(
        viewport={"width": shot.width, "height": shot.least},
        color_scheme=theme,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(TIMEOUT_MS)
    try:
        return await _photograph(await context.new_page(), address, shot)
    except Error as error:
        return ShotError(f"{shot.name} could not be photographed: {error.message.splitlines()[0]}")
    finally:
        await context.close()


async def _photograph(page: Page, address: str, shot: PageShot) -> bytes:
    query = f"?{urlencode(shot.query)}" if shot.query else ""
    await page.goto(f"{address}/{shot.path}{query}")
    await _settled(page)
    await page.add_style_tag(content=STYLE)
    if shot.press:
        await page.get_by_role("button", name=shot.press, exact=True).click()
        await page.get_by_text(shot.until).first.wait_for()
        await _settled(page)
    await _fit(page, shot)
    # Where nothing is pointed at.
    await page.mouse.move(shot.width - 1, 1)
    await _settled(page)
    await _say(page, shot.changing)
    return await page.screenshot(animations="disabled", caret="hide", scale="css")


async def _fit(page: Page, shot: PageShot) -> None:
    """Make the window as high as the page, until it stays so."""
    before = 0
    while True:
        height = min(max(await page.evaluate(HEIGHT), shot.least), shot.most)
        if height == before:
            return
        before = height
        await page.set_viewport_size({"width": shot.width, "height": height})
        await _settled(page)


async def _settled(page: Page) -> None:
    """Wait until all is drawn, and stays."""
    seen = ""
    while True:
        handle = await page.wait_for_function(DRAWN)
        now = await handle.json_value()
        if now == seen:
            return
        seen = now
        await page.wait_for_timeout(SETTLED_MS)


async def _say(page: Page, changing: Mapping[str, str]) -> None:
    await page.evaluate(SAY, [list(each) for each in changing.items()])
