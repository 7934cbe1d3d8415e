"""Save a run on a page, find it on Runs, look at it and open it in a lesson."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from live_page import LivePage
from playwright.sync_api import Page, expect
from serving import serving

from gradviz.store import Store

QUERY = "cell=gru&seq_len=20&hidden_size=8"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server with a file of runs of its own."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADVIZ_RUNS", str(folder / "runs.db"))
        with serving(folder) as (address, _):
            yield address, folder / "runs.db"


def steps_in(path: Path) -> int:
    if not path.exists():
        return 0
    with Store(path) as store:
        return max((run.steps for run in store.runs()), default=0)


def test_saved_found_looked_at_and_opened(kept: tuple[str, Path], page: Page) -> None:
    server, path = kept
    live = LivePage(page).open(server, QUERY)
    live.train_to(20)
    live.press("Save this run")
    live.until(lambda: steps_in(path) > 20)
    step = live.pause()
    live.until(lambda: steps_in(path) == step)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Runs", exact=True).click()
    expect(page.get_by_text("1 of 1 runs")).to_be_visible()
    table = page.locator("[data-testid=stDataFrame]")
    # The table is a canvas: the first line's box is at its left, under the head.
    table.click(position={"x": 18, "y": 52})
    expect(page.get_by_label("Name", exact=True)).to_have_value("GRU, Adding problem")
    live.until(lambda: len(live.drawn()) >= 7)
    assert len(live.trace("loss", "loss")["y"]) == step
    page.get_by_label("Name", exact=True).fill("my run")
    page.get_by_label("Name", exact=True).press("Enter")
    live.until(lambda: _name(path) == "my run")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export this run").click()
    with Store(download.value.path(), read_only=True) as given:
        assert [(run.name, run.steps) for run in given.runs()] == [("my run", step)]


def _name(path: Path) -> str:
    with Store(path) as store:
        return store.runs()[0].name
