"""The documentation as a website: built, then read without a network."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, BrowserContext, TimeoutError, expect

ROOT = Path(__file__).parents[2]
SOURCES = ("dev.py", "pyproject.toml", "zensical.toml", "CHANGELOG.md", "docs", "gradviz")
FETCHED = {"script": "src", "img": "src", "source": "srcset", "link": "href", "iframe": "src"}
ELSEWHERE = re.compile(r"(https?:)?//")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by `dev.py docs` in a copy, beside which others may build theirs."""
    root = tmp_path_factory.mktemp("docs")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, root)
    spec = importlib.util.spec_from_file_location("dev_of_docs", root / "dev.py")
    assert spec
    assert spec.loader
    dev = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(dev)
    dev.set_up = lambda: None
    dev.PYTHON = sys.executable
    assert dev.docs([]) == 0
    return root / "site"


class Html(HTMLParser):
    """Of a page: its anchors, where it leads, what it fetches."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.leads: list[str] = []
        self.fetches: list[str] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.leads.append(found["href"])
        if FETCHED.get(tag) in found:
            self.fetches.append(found[FETCHED[tag]])


def pages_of(site: Path) -> list[Path]:
    """404.html is for servers only, with addresses from the server's root."""
    return sorted(page for page in site.rglob("*.html") if page.name != "404.html")


def test_every_address_in_the_site_is_one_of_its_own(site: Path) -> None:
    pages = {page: Html(page) for page in pages_of(site)}
    wrong = []
    for page, html in pages.items():
        local = [each for each in html.leads if not re.match(r"[a-z]+:", each)]
        for target in [*local, *html.fetches]:
            path, _, anchor = unquote(target).partition("#")
            there = (page.parent / path).resolve() if path else page
            known = pages[there].anchors if there in pages else set()
            if ELSEWHERE.match(target) or not there.is_file() or (anchor and anchor not in known):
                wrong.append(f"{page.name}: {target}")
    assert wrong == []
    assert len(pages) > 20


def test_no_style_fetches_from_another_host(site: Path) -> None:
    styles = [*site.rglob("*.css"), *pages_of(site)]
    fetched = re.compile(r"@import[^;]+|url\([\"']?(?:https?:)?//[^)]*\)")
    assert {
        path.name: found for path in styles if (found := fetched.findall(path.read_text()))
    } == {}


@pytest.fixture(params=["light", "dark"])
def reader(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A phone's browser; what it must not do is a failure."""
    reader = browser.new_context(
        viewport={"width": 390, "height": 800}, color_scheme=request.param, locale="en-GB"
    )
    said: list[str] = []

    def note(word: str, is_wrong: bool) -> None:
        if is_wrong:
            said.append(word)

    # A file that is missing is an error on the console; a request can also be given up.
    reader.on("console", lambda each: note(each.text, each.type in {"error", "warning"}))
    reader.on("weberror", lambda each: note(str(each.error), True))
    reader.on("request", lambda each: note(each.url, is_elsewhere(each.url)))
    yield reader
    reader.close()
    assert said == []


def is_elsewhere(url: str) -> bool:
    return not re.match(r"(file|data|blob|about):|http://127\.0\.0\.1:", url)


@pytest.mark.parametrize("reader", ["light"], indirect=True)
def test_every_page_opens_from_the_file_system(site: Path, reader: BrowserContext) -> None:
    page = reader.new_page()
    wide = []
    for path in pages_of(site):
        page.goto(path.as_uri())
        expect(page.locator("h1").first).to_be_visible()
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path.name)
    assert wide == []


def test_pictures_follow_the_page_s_theme(site: Path, reader: BrowserContext) -> None:
    page = reader.new_page()
    page.goto((site / "lessons/live_training.html").as_uri())
    picture = page.locator("article img").first
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    for theme in ("dark", "light") if dark else ("light", "dark"):
        expect(picture).to_have_attribute("src", re.compile(rf"\.{theme}\.png$"))
        picture.scroll_into_view_if_needed()
        page.wait_for_function(
            "each => each.complete && each.naturalWidth", arg=picture.element_handle()
        )
        # From the system's to light, then to dark.
        presses = 1 if dark else 2
        for _ in range(presses):
            page.locator("label[for^=__palette]:visible").click()


@pytest.fixture(params=["files", "server"])
def home(site: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the home page."""
    if request.param == "files":
        yield (site / "index.html").as_uri()
        return
    handler = partial(Quiet, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize("reader", ["light"], indirect=True)
def test_search_finds_a_word(home: str, reader: BrowserContext) -> None:
    page = reader.new_page()
    page.goto(home)
    word = page.locator("input:focus")
    # A page that has just come does not hear its keys yet: a reader presses again.
    for _ in range(10):
        page.keyboard.press("Control+k")
        with suppress(TimeoutError):
            word.wait_for(timeout=3000)
            break
    word.fill("horizon")
    found = page.get_by_role("option").filter(has_text=re.compile("horizon", re.IGNORECASE))
    found.first.click()
    expect(page).not_to_have_url(home)
    expect(page.locator("article")).to_contain_text(re.compile("horizon", re.IGNORECASE))
