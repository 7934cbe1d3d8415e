"""“Show me the code” in a real browser: read it, save it, run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from live_page import LivePage
from playwright.sync_api import Page, expect

from gradviz import RunConfig, Trainer


def test_a_user_saves_the_script_and_runs_it(page: Page, server: str, tmp_path: Path) -> None:
    LivePage(page).open(server, "seq_len=12&hidden_size=8&cell=gru")
    page.get_by_text("Show me the code").click()
    expect(page.locator("[data-testid=stCode]")).to_contain_text("class Model(nn.Module):")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Save as a file").click()
    assert downloading.value.suggested_filename == "adding_gru.py"
    file = tmp_path / "script.py"
    downloading.value.save_as(file)
    # Away from the repository, where gradviz cannot be imported.
    command = [sys.executable, "-I", str(file), "5"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    trainer = Trainer(RunConfig(seq_len=12, hidden_size=8, cell="gru"))
    losses = [float(line.split()[1]) for line in said.stdout.splitlines()]
    expected = [trainer.train_step("none").loss for _ in range(5)]
    assert all(abs(a - b) <= 1e-6 for a, b in zip(losses, expected, strict=True))
