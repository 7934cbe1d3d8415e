"""The file of runs as a user meets it: saved, found, looked at, followed, given away, taken in."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from live_page import LivePage
from playwright.sync_api import Page, expect

from gradviz.config import RunConfig
from gradviz.shots.page_reading import ROOT
from gradviz.shots.serving import serving
from gradviz.store import Store, edits
from gradviz.store.database import SCHEMA
from tests.fabricated import frame, row

QUERY = "cell=gru&seq_len=20&hidden_size=8"

SCRIPT = """
import sys, time, warnings
from pathlib import Path
import torch
from torch import nn
import gradviz

warnings.simplefilter("error")
torch.set_num_threads(1)
path, name, stop = sys.argv[1], sys.argv[2], Path(sys.argv[3])

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.GRU(2, 6, batch_first=True)
        self.head = nn.Linear(6, 1)
    def forward(self, inputs):
        return self.head(self.encoder(inputs)[0][:, -1])

model = Model()
optimizer = torch.optim.Adam(model.parameters())
with gradviz.Recorder(path, model, name=name, every=5, config={"lr": 0.001}) as recorder:
    while not stop.exists():
        inputs = torch.randn(4, 12, 2)
        optimizer.zero_grad()
        loss = (model(inputs) - inputs[:, 0, :1]).square().mean()
        loss.backward()
        optimizer.step()
        recorder.step(loss)
        time.sleep(0.04)
    assert recorder.problem is None
print(recorder.steps)
"""

LINES = {"two": 52, "one": 87}
"""Where in the table the box of a run's line is: the newest first, under the head."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server with a file of runs of its own."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADVIZ_RUNS", str(folder / "runs.db"))
        with serving(folder) as (address, _):
            yield address, folder / "runs.db"


@pytest.fixture
def empty(kept: tuple[str, Path]) -> tuple[str, Path]:
    """The same server, its file without runs."""
    _, path = kept
    if path.exists():
        with Store(path) as store:
            edits.delete(store, [run.run_id for run in store.runs()])
            edits.purge(store)
    return kept


def steps_in(path: Path) -> int:
    if not path.exists():
        return 0
    with Store(path) as store:
        return max((run.steps for run in store.runs()), default=0)


@contextmanager
def recording(path: Path, name: str, stop: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SCRIPT, str(path), name, str(stop)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=ROOT, text=True, **pipes)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def begun(path: Path) -> list[str]:
    if not path.exists():
        return []
    with Store(path) as store:
        return [run.name for run in store.runs() if run.steps]


def test_saved_found_looked_at_and_opened(empty: tuple[str, Path], page: Page) -> None:
    server, path = empty
    live = LivePage(page).open(server, QUERY)
    live.train_to(20)
    live.press("Save this run")
    live.until(lambda: steps_in(path) > 20)
    step = live.pause()
    live.until(lambda: steps_in(path) == step)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Runs", exact=True).click()
    expect(page.get_by_text("1 run.", exact=True)).to_be_visible()
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


def test_two_trainings_are_followed_while_they_go_on(
    empty: tuple[str, Path], tmp_path: Path, page: Page
) -> None:
    (server, path), stop = empty, tmp_path / "stop"
    live = LivePage(page)
    with recording(path, "one", stop) as one:
        page.goto(f"{server}/runs")
        live.until(lambda: begun(path) == ["one"], 120)
        expect(page.get_by_text("1 run.", exact=True)).to_be_visible()  # Nobody reloads the page.
        with recording(path, "two", stop) as two:
            live.until(lambda: begun(path) == ["one", "two"], 120)
            expect(page.get_by_text("2 runs.", exact=True)).to_be_visible()
            table = page.locator("[data-testid=stDataFrame]")
            expect(table).to_have_count(1)  # For a moment the one before is there as well.
            for at in LINES.values():
                table.click(position={"x": 18, "y": at})
                page.wait_for_timeout(300)
            # Both are looked at, and go on before one's eyes.
            grown = follow(live, "compare_loss", ("one", "two"))
            assert all(later > earlier for earlier, later in grown)
            table.click(position={"x": 18, "y": LINES["one"]})
            expect(page.get_by_label("Name", exact=True)).to_have_value("two")
            ((earlier, later),) = follow(live, "loss", ("loss",))
            assert later > earlier
            stop.touch()
            taken = [int(each.communicate(timeout=30)[0]) for each in (one, two)]
            assert (one.returncode, two.returncode) == (0, 0)
        with Store(path, read_only=True) as store:
            found = {run.name: run for run in store.runs()}
            for name, steps in zip(("one", "two"), taken, strict=True):
                history = store.load(found[name].run_id)
                assert history.column("step").tolist() == list(range(1, steps + 1))
                # The first is measured, and then every fifth.
                assert [each.step for each in history.frames] == list(range(1, steps + 1, 5))
                assert np.isfinite(history.column("loss")).all()
                assert (found[name].layers, bool(found[name].ended)) == (("encoder.l0",), True)
        live.until(lambda: live.step() == taken[1])
        assert "encoder.l0" in page.locator(".gv-live-pictures").inner_text()
        said = page.locator("[data-testid=stApp]").inner_text()
        assert "locked" not in said
        assert page.get_by_test_id("stException").count() == 0


def follow(live: LivePage, picture: str, names: tuple[str, ...]) -> list[tuple[float, float]]:
    """The last step drawn of each trace, now and when all have gone on."""

    def last(name: str) -> float:
        return max(live.trace(picture, name)["x"], default=0)

    live.until(lambda: all(last(name) for name in names))
    first = [last(name) for name in names]
    live.until(lambda: all(last(name) > before for name, before in zip(names, first, strict=True)))
    return [(before, last(name)) for name, before in zip(names, first, strict=True)]


def test_given_away_deleted_taken_in_and_what_is_none(
    empty: tuple[str, Path], tmp_path: Path, page: Page
) -> None:
    server, path = empty
    config = RunConfig(cell="lstm", seq_len=20, hidden_size=8)
    with Store(path) as store:
        run = store.begin(config, name="a ü run", tags=("x", "y z"), floor=0.25)
        store.write(run, [row(step, loss=1 / step) for step in range(1, 31)], [frame(config, 30)])
        store.end(run)
        before, (info,) = store.load(run), store.runs()
    page.goto(f"{server}/runs")
    page.locator("[data-testid=stDataFrame]").click(position={"x": 18, "y": 52})
    with page.expect_download() as download:
        page.get_by_role("button", name="Export this run").click()
    content = Path(download.value.path()).read_bytes()
    page.get_by_role("button", name="Delete this run").click()
    expect(page.get_by_text("No run is saved yet")).to_be_visible()
    expect(page.get_by_text("Import runs")).to_have_count(1)
    page.get_by_text("Import runs").click()
    newer = tmp_path / "newer.db"
    newer.write_bytes(content)
    with closing(sqlite3.connect(newer)) as plain:
        plain.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    for name, given, said in (
        ("sales.db", b"name,loss\n" * 200, "sales.db must be a file of gradviz's runs"),
        ("cut.db", content[: len(content) // 2], "cut.db must be a file of gradviz's runs"),
        ("newer.db", newer.read_bytes(), "newer.db must be of schema"),
    ):
        give(page, name, given)
        expect(page.get_by_text(said)).to_be_visible()
    give(page, "given.db", content)
    expect(page.get_by_text("1 run.", exact=True)).to_be_visible()
    expect(page.get_by_text("must be")).to_have_count(0)
    # What was taken in is ticked.
    expect(page.get_by_label("Name", exact=True)).to_have_value("a ü run")
    with Store(path) as store:
        (found,) = store.runs()
        after = store.load(found.run_id)
    assert (found.name, found.tags, found.config) == (info.name, info.tags, config)
    assert (found.started, found.ended, found.floor) == (info.started, info.ended, 0.25)
    for name in ("step", "loss", "grad_norm_pre", "learning_rate"):
        assert np.array_equal(after.column(name), before.column(name))
    (one,), (other,) = after.frames, before.frames
    assert np.array_equal(one.layers["l0"].gates["forget"], other.layers["l0"].gates["forget"])


def give(page: Page, name: str, content: bytes) -> None:
    """Hand a file to Import; the one before has its own field until the page is drawn anew."""
    field = page.get_by_test_id("stFileUploaderDropzoneInput")
    expect(field).to_have_count(1)
    field.set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": content})
