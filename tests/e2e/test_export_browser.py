"""“Export” in a real browser: every file is downloaded and opened."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import plotly.io
import pyarrow.parquet
import pypdf
import pytest
from live_page import LivePage
from PIL import Image
from playwright.sync_api import Page, expect

from gradviz.exports import FORMATS, RUN_FORMATS

CAPTION = "A GRU’s gradient, 50 % faded"


class ExportForm:
    """The form as a user meets it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self) -> ExportForm:
        self.page.get_by_role("button", name="Export").click()
        expect(self.page.get_by_label("Caption", exact=True)).to_be_visible()
        return self

    def choose(self, box: str, words: str) -> None:
        self.page.get_by_role("combobox", name=box).click()
        self.page.get_by_role("option", name=words, exact=True).click()

    def saved(self, kind: str, folder: Path) -> tuple[str, bytes]:
        """The suggested name and the bytes."""
        self.choose("File", (dict(FORMATS) | dict(RUN_FORMATS))[kind].label)
        self.page.wait_for_timeout(500)
        with self.page.expect_download(timeout=90_000) as downloading:
            self.page.get_by_role("button", name="Save", exact=True).click()
        file = folder / kind
        downloading.value.save_as(file)
        return downloading.value.suggested_filename, file.read_bytes()


@pytest.fixture
def form(page: Page, server: str) -> ExportForm:
    live = LivePage(page).open(server, "seq_len=12&hidden_size=8&cell=gru")
    live.train_to(8)
    live.pause()
    made = ExportForm(page).open()
    made.choose("Picture", "Gradient flow")
    caption = page.get_by_label("Caption", exact=True)
    caption.fill(CAPTION)
    caption.blur()
    expect(page.locator("[data-testid=stCode]").nth(1)).to_contain_text("50 \\% faded")
    return made


@pytest.mark.alone
def test_every_export_is_downloaded_and_opened(form: ExportForm, tmp_path: Path) -> None:
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

    svg = form.saved("svg", tmp_path)[1].decode()
    assert CAPTION in svg
    assert svg.count("<path") > 5
    pdf = pypdf.PdfReader(io.BytesIO(form.saved("pdf", tmp_path)[1]))
    assert len(pdf.pages) == 1
    assert pdf.metadata is not None
    assert pdf.metadata["/Subject"] == CAPTION
    assert "50 % faded" in re.sub(r"\s+", " ", pdf.pages[0].extract_text())

    figure = plotly.io.from_json(form.saved("json", tmp_path)[1].decode())
    assert figure.layout.meta["gradviz"]["Description"] == CAPTION
    form.saved("html", tmp_path)
    offline_page_draws(form.page, tmp_path / "html")

    lines = form.saved("csv", tmp_path)[1].decode().splitlines()
    table = pyarrow.parquet.read_table(io.BytesIO(form.saved("parquet", tmp_path)[1]))
    assert table.num_rows == len(lines) - 1 > 12
    assert max(table["x"].to_pylist()) == 12


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
    finally:
        tab.context.set_offline(False)
        tab.close()


def test_a_run_is_downloaded_and_its_link_opens_it(form: ExportForm, tmp_path: Path) -> None:
    link = form.page.locator("[data-testid=stCode]").first.inner_text().strip()
    with np.load(io.BytesIO(form.saved("run_npz", tmp_path)[1])) as arrays:
        steps = arrays["step"]
        assert len(steps) >= 8
        assert arrays["l0.hidden_grad_log10"].shape[1] == 12
    said = json.loads(form.saved("run_json", tmp_path)[1])
    assert said["scalars"]["step"] == steps.tolist()
    name, events = form.saved("run_events", tmp_path)
    assert "tfevents" in name
    assert b"hidden_grad_log10/l0" in events
    form.page.goto(link)
    LivePage(form.page).ready()
    assert "cell=gru" in form.page.url
    assert "seq_len=12" in form.page.url
