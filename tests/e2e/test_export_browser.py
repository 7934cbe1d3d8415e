"""“Export” in a real browser: every file is downloaded and opened, every link really copied."""

from __future__ import annotations

import io
import json
import re
import struct
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import plotly.io
import pyarrow.parquet
import pypdf
import pytest
from live_page import LivePage
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gradviz.exports import FORMATS, RUN_FORMATS
from gradviz.shots.serving import serving

pytestmark = pytest.mark.alone

CAPTION = "A GRU’s gradient, 50 % faded"


class ExportForm:
    """The form as a user meets it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.box = page.get_by_role("dialog")

    def open(self, button: str = "Export") -> ExportForm:
        self.page.get_by_role("button", name=button, exact=True).click()
        expect(self.box.get_by_label("Caption", exact=True)).to_be_visible()
        return self

    def choose(self, box: str, words: str) -> None:
        self.box.get_by_role("combobox", name=box).click()
        self.page.get_by_role("option", name=words, exact=True).click()

    def say(self, caption: str) -> None:
        area = self.box.get_by_label("Caption", exact=True)
        area.fill(caption)
        area.blur()
        words = self.box.locator("[data-testid=stCode]").last
        expect(words).to_contain_text(caption.replace("%", "\\%"))

    def saved(self, kind: str, folder: Path) -> tuple[str, bytes]:
        """The suggested name and the bytes."""
        self.choose("File", (dict(FORMATS) | dict(RUN_FORMATS))[kind].label)
        save = self.box.locator(f".st-key-export_save_{kind} button")
        expect(save).to_be_enabled()
        with self.page.expect_download(timeout=90_000) as downloading:
            save.click()
        file = folder / kind
        downloading.value.save_as(file)
        return downloading.value.suggested_filename, file.read_bytes()

    def copied(self, place: int) -> tuple[str, str]:
        """What a copy button put into the clipboard, and the text beside it."""
        code = self.box.locator("[data-testid=stCode]").nth(place)
        self.page.evaluate("navigator.clipboard.writeText('nothing')")
        code.hover()
        code.get_by_role("button").click()
        self.page.wait_for_timeout(300)
        return self.page.evaluate("navigator.clipboard.readText()"), code.inner_text()


@pytest.fixture
def live(page: Page, server: str) -> LivePage:
    live = LivePage(page).open(server, "seq_len=12&hidden_size=8&cell=gru")
    live.train_to(3, 180)
    live.pause()
    return live


@pytest.fixture
def form(live: LivePage) -> ExportForm:
    made = ExportForm(live.page).open("Export Gradient flow now")
    expect(made.box.get_by_role("combobox", name="Picture")).to_have_value("Gradient flow now")
    made.say(CAPTION)
    return made


def test_every_export_is_downloaded_and_opened(
    form: ExportForm, live: LivePage, tmp_path: Path
) -> None:
    name, png = form.saved("png", tmp_path)
    assert name == "live_training_gradient_flow.png"
    read = Image.open(io.BytesIO(png))
    read.load()
    assert read.width == 1800
    assert read.text["Description"] == CAPTION
    assert "cell=gru" in read.text["Settings"]
    # A white ground, ink for the words beneath.
    grey = np.asarray(read.convert("L"))
    assert grey[0, 0] == 255
    assert (grey[-80:] < 160).sum() > 200
    assert form.saved("png", tmp_path)[1] == png

    svg = ET.fromstring(form.saved("svg", tmp_path)[1])  # noqa: S314
    assert (svg.tag, svg.get("width")) == ("{http://www.w3.org/2000/svg}svg", "900")
    assert CAPTION in {each.text for each in svg.iter()}
    pdf = pypdf.PdfReader(io.BytesIO(form.saved("pdf", tmp_path)[1]))
    assert len(pdf.pages) == 1
    assert pdf.metadata is not None
    assert pdf.metadata["/Subject"] == CAPTION
    assert "50 % faded" in re.sub(r"\s+", " ", pdf.pages[0].extract_text())

    figure = plotly.io.from_json(form.saved("json", tmp_path)[1].decode())
    assert figure.layout.meta["gradviz"]["Description"] == CAPTION
    form.saved("html", tmp_path)
    offline_page_draws(form.page, tmp_path / "html")

    drawn = live.trace("gradient_flow", "l0")
    lines = form.saved("csv", tmp_path)[1].decode().splitlines()
    table = pyarrow.parquet.read_table(io.BytesIO(form.saved("parquet", tmp_path)[1])).to_pylist()
    line = [row for row in table if row["trace"] == "l0"][-len(drawn["x"]) :]
    assert [row["x"] for row in line] == drawn["x"] == list(range(1, 13))
    np.testing.assert_allclose([row["y"] for row in line], drawn["y"], rtol=1e-6)
    assert len(lines) - 1 == len(table)


def offline_page_draws(page: Page, file: Path) -> None:
    """Opened from the disk, with no network at all."""
    copy = file.with_suffix(".html")
    copy.write_bytes(file.read_bytes())
    tab = page.context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.context.set_offline(True)
    try:
        tab.goto(copy.as_uri())
        expect(tab.locator(".main-svg").first).to_be_visible()
        expect(tab.locator(".annotation-text", has_text="50 % faded")).to_be_visible()
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
        assert tab.evaluate("[...document.fonts].map((font) => font.status)") == ["loaded"]
    finally:
        tab.context.set_offline(False)
        tab.close()


def events_of(file: bytes) -> list[object]:
    from tensorboardX.proto.event_pb2 import Event

    found, place = [], 0
    while place < len(file):
        (length,) = struct.unpack_from("<Q", file, place)
        found.append(Event.FromString(file[place + 12 : place + 12 + length]))
        place += length + 16
    return found


def test_a_run_is_downloaded_and_its_link_opens_it(form: ExportForm, tmp_path: Path) -> None:
    link = form.box.locator("[data-testid=stCode]").first.inner_text().strip()
    with np.load(io.BytesIO(form.saved("run_npz", tmp_path)[1])) as arrays:
        steps, losses = arrays["step"], arrays["loss"]
        assert len(steps) >= 3
        assert arrays["l0.hidden_grad_log10"].shape[1] == 12
        last = arrays["l0.hidden_grad_log10"][-1]
    said = json.loads(form.saved("run_json", tmp_path)[1])
    assert said["scalars"]["step"] == steps.tolist()
    assert said["scalars"]["loss"] == losses.tolist()
    name, events = form.saved("run_events", tmp_path)
    assert "tfevents" in name
    *_, ended = events_of(events)
    values = {each.tag: each for each in ended.summary.value}
    assert ended.step == steps[-1]
    assert values["loss"].simple_value == pytest.approx(losses[-1])
    histogram = values["hidden_grad_log10/l0"].histo
    assert (histogram.min, histogram.max) == pytest.approx((last.min(), last.max()))
    assert sum(histogram.bucket) == last.size
    form.page.goto(link)
    LivePage(form.page).ready()
    assert "cell=gru" in form.page.url
    assert "seq_len=12" in form.page.url


def test_what_is_copied_is_what_is_shown(form: ExportForm, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    try:
        link, shown = form.copied(0)
        assert link == shown.strip()
        here, there = urlsplit(link), urlsplit(form.page.url)
        assert (here.netloc, here.path) == (there.netloc, there.path)
        assert parse_qs(here.query) == parse_qs(there.query)
        latex, shown = form.copied(1)
        assert latex == shown.strip()
        assert latex.startswith("\\caption{A GRU’s gradient, 50 \\% faded. step ")
        assert latex.endswith(f"\n% {link}")
        form.page.keyboard.press("Escape")
        expect(form.box).to_have_count(0)
        form.page.get_by_text("Show me the code").click()
        form.box = form.page.locator("[data-testid=stExpander]")
        code, _ = form.copied(0)
        compile(code, "copied.py", "exec")
        with form.page.expect_download() as saving:
            form.page.get_by_role("button", name="Save as a file").click()
        assert saving.value.path().read_text("utf-8").strip() == code.strip()
    finally:
        context.clear_permissions()


def test_a_browser_that_fails_is_a_sentence_and_nothing_is_lost(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(broken))
    with serving(tmp_path) as (address, _):
        page = browser.new_page()
        page.set_default_timeout(60_000)
        LivePage(page).open(address, "seq_len=12")
        form = ExportForm(page).open("Export Loss")
        form.say(CAPTION)
        form.box.get_by_role("button", name="Save .png", exact=True).click()
        expect(form.box.get_by_text("could not draw the picture")).to_be_visible(timeout=120_000)
        expect(form.box.get_by_label("Caption", exact=True)).to_have_value(CAPTION)
        assert form.saved("csv", tmp_path)[1].startswith(b"picture,trace,x")
        page.close()


def test_a_slides_pictures_have_their_own_button(page: Page, server: str, tmp_path: Path) -> None:
    page.goto(f"{server}/lecture")
    page.get_by_role("button", name="Start").first.click()
    buttons = page.locator(".gv-export")
    expect(page.locator(".gv-slide")).to_be_visible()
    while not buttons.count():
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(1500)
    expect(buttons.first).to_have_attribute("aria-label", re.compile("^Export .+"))
    buttons.first.click()
    form = ExportForm(page)
    name, file = form.saved("csv", tmp_path)
    assert name.endswith(".csv")
    assert len(file.splitlines()) > 1
