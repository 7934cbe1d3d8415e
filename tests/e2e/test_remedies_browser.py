"""Remedies in a real browser: a disease, three ticks, a scoreboard that fills, its file."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from live_page import LivePage
from playwright.sync_api import Page, expect

from gradviz.ui.lessons import REMEDIES
from gradviz.ui.stage import Stage

PICTURES = set(REMEDIES.pictures(Stage(key="", lesson=REMEDIES, config=REMEDIES.default)))

STEPS = "240"
TICKED = ("Clip by value, 0.1", "Orthogonal start", "LSTM")


class RemediesPage(LivePage):
    """Finds things as a user does: by their words."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.board = page.locator(".st-key-scoreboard")

    def open(self, server: str, query: str = "") -> RemediesPage:
        """Go there and wait until the pictures stand."""
        self.page.goto(f"{server}/remedies?{query}")
        self.until(lambda: set(self.drawn()) == PICTURES)
        return self

    def table(self) -> dict[str, dict[str, str]]:
        """The table's columns that are in sight, by the row's label; numbers with all digits."""
        rows: list[list[str]] = self.page.evaluate(
            """() => [...document.querySelectorAll(".st-key-scoreboard [role=row]")].map((row) =>
                [...row.querySelectorAll("[role=columnheader], [role=gridcell]")]
                    .map((cell) => cell.textContent))"""
        )
        titles, *lines = rows or [[]]
        return {line[0]: dict(zip(titles, line, strict=True)) for line in lines}

    def verdicts(self) -> dict[str, str]:
        return {label: row["Verdict"] for label, row in self.table().items()}


@pytest.mark.alone
def test_a_disease_is_chosen_treated_and_its_scoreboard_downloaded(
    server: str, page: Page, tmp_path: Path
) -> None:
    # Wide enough for all columns of numbers: what is out of sight is not in the page.
    page.set_viewport_size({"width": 2400, "height": 1600})
    ward = RemediesPage(page).open(server)
    assert ward.verdicts() == {"Untreated": "untreated"}  # As recorded.
    page.get_by_role("combobox", name="Disease").click()
    page.get_by_role("option", name="An LSTM as PyTorch starts it").click()
    expect(page.locator(".st-key-heading")).to_contain_text("its forget gates half open")
    # Made small here, so that it ends soon; not sooner than the board is drawn anew a few times.
    for label, value in (("Sequence length", "12"), ("Hidden size", "8"), ("Steps", STEPS)):
        field = page.get_by_label(label, exact=True)
        field.fill(value)
        field.press("Enter")
        ward.until(lambda value=value: f"={value}" in page.url)
    page.get_by_role("combobox", name="Cell").click()
    page.get_by_role("option", name="RNN", exact=True).click()
    ward.until(lambda: "cell=lstm" not in page.url)
    for label in TICKED:
        page.get_by_text(label, exact=True).click()
    ward.until(lambda: "with=clip_value%2Corthogonal%2Clstm" in page.url)
    expect(page.locator(".st-key-remedy_choices")).to_contain_text(f"12 runs of {STEPS} steps")
    ward.press("Train 12 runs")
    # The untreated is judged while others still wait: the board fills row by row.
    seen: list[dict[str, str]] = []
    ward.until(
        lambda: seen.append(ward.verdicts()) or "12 of 12 runs done" in ward.board.inner_text(), 150
    )
    ward.until(lambda: "waiting" not in ward.verdicts().values())
    assert any(each.get("Untreated") == "untreated" and "waiting" in each.values() for each in seen)
    assert set(ward.verdicts()) == {"Untreated", *TICKED}
    expect(ward.board.get_by_role("link", name="open")).to_have_count(4)

    with page.expect_download() as download:
        page.get_by_role("button", name="Download the scoreboard (CSV)").click()
    path = tmp_path / "board.csv"
    download.value.save_as(path)
    with path.open() as file:
        lines = {each["remedy"]: each for each in csv.DictReader(file)}
    table = ward.table()
    assert list(lines) == list(table)
    for label, shown in table.items():
        line = lines[label]
        assert line["verdict"] == shown["Verdict"]
        assert line["steps"] == shown["Step"] == STEPS
        for name, title in {"loss_median": "Loss", "loss_low": "Least", "rank": "Rank"}.items():
            assert float(line[name]) == float(shown[title])
        horizon = shown["Horizon at last"].replace("Infinity", "inf")
        assert float(line["horizon_median"]) == float(horizon) or math.isinf(float(horizon))
        assert line["sentence"] in ward.board.inner_text()

    ward.board.get_by_role("link", name="open").first.click()
    ward.until(lambda: "/live_training?" in page.url)
    expect(page.get_by_role("link", name="Try remedies on this")).to_be_visible()


def test_it_is_paused_goes_on_and_is_reset(server: str, page: Page) -> None:
    ward = RemediesPage(page).open(server, "seq_len=20&hidden_size=8&with=lstm&seeds=1&steps=4000")
    ward.press("Train 2 runs")
    ward.until(lambda: ward.step() > 3, 90)
    ward.press("Pause")
    expect(ward.board).to_contain_text("paused · 0 of 2 runs done")
    at = ward.step()
    ward.press("Resume")
    ward.until(lambda: ward.step() > at)
    # The second waits in line for the first.
    assert ward.table()["LSTM"]["Step"] == "0"
    ward.press("Reset")
    expect(page.get_by_role("button", name="Train", exact=False).first).to_be_visible()
    ward.until(lambda: ward.step() == 0)


def test_a_wrong_link_is_answered_in_sentences_on_a_phone(server: str, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    ward = RemediesPage(page).open(server, "with=lstm,%3Cscript%3E&seeds=77&seq_len=20")
    said = page.locator(".st-key-heading")
    expect(said).to_contain_text("with must be names of remedies")
    expect(said).to_contain_text("seeds must be a whole number, 1…5, got “77”.")
    ward.until(lambda: "with=lstm" in page.url and "script" not in page.url)
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide
