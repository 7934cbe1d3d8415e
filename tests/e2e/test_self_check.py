"""The Self-check page in a browser: the real checks, in a process of their own."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from gradviz.ui.self_check import COLUMNS


def rows(page: Page) -> Locator:
    return page.locator(".st-key-check_table tbody tr")


@pytest.mark.alone
def test_every_check_is_ok_on_this_machine(server: str, page: Page) -> None:
    page.goto(server)
    page.get_by_role("link", name="Self-check").click()
    run = page.get_by_role("button", name="Run the checks")
    run.click()
    expect(run).to_be_disabled()
    said = page.locator(".st-key-check_summary")
    expect(said).to_contain_text(re.compile(r"check \d+ of \d+"), timeout=60_000)
    expect(said).to_contain_text(re.compile("checks are"), timeout=240_000)
    expect(said).to_contain_text(re.compile(r"All \d+ checks are ok on this machine"))
    count = int(re.findall(r"All (\d+) checks", said.inner_text())[0])
    expect(rows(page)).to_have_count(count)
    expect(rows(page).filter(has_text="✓ ok")).to_have_count(count)
    expect(said).to_contain_text("torch 2.")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    lines = download.value.path().read_text("utf-8").splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert len(lines) == count + 1


@pytest.mark.parametrize("width", [390, 1280])
def test_cancel_keeps_the_rows_and_the_page_fits(server: str, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{server}/self_check")
    page.get_by_role("button", name="Run the checks").click()
    expect(rows(page).nth(2)).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Cancel").click()
    said = page.locator(".st-key-check_summary")
    expect(said).to_contain_text(re.compile(r"Cancelled after \d+ of \d+ checks|checks are"))
    assert rows(page).count() >= 3
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("(node) => node.scrollWidth <= node.clientWidth")
    row = rows(page).first.bounding_box()
    assert row is not None
    assert row["x"] >= 0
    assert row["x"] + row["width"] <= width
