"""One scenario and one page, drawn in a real browser by the command itself."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from gradviz.exports import browser_path

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def shots(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert browser_path(), "pictures need a Chromium; `python dev.py test` installs one"
    command = [sys.executable, "-m", "gradviz", "shots", "--out", str(folder), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_scenario_and_a_page_are_drawn_and_again_with_the_same_bytes(tmp_path: Path) -> None:
    only = ("--only", "gain_one.pulse", "--only", "page.runs", "--jobs", "2")
    first = shots(tmp_path / "first", *only)
    assert first.returncode == 0, first.stderr
    assert "4 pictures, 4 of them new or changed" in first.stdout
    drawn = files(tmp_path / "first")
    assert set(drawn) == {
        "gain_one.pulse.dark.png",
        "gain_one.pulse.light.png",
        "manifest.json",
        "page.runs.dark.png",
        "page.runs.light.png",
    }
    light, dark = (
        Image.open(io.BytesIO(drawn[f"gain_one.pulse.{theme}.png"])) for theme in ("light", "dark")
    )
    assert light.width == 800
    assert light.convert("RGB").getpixel((1, 1)) == (255, 255, 255)
    assert max(dark.convert("RGB").getpixel((1, 1))) < 40  # type: ignore[arg-type, type-var]
    light.load()
    assert light.text["Title"] == "Gain 1"  # type: ignore[attr-defined]
    assert "/vanishing?task=adding" in light.text["Source"]  # type: ignore[attr-defined]
    page = Image.open(io.BytesIO(drawn["page.runs.light.png"]))
    assert page.width == 1280
    # Three runs, each with a line of its losses: not an empty page.
    assert len(page.convert("RGB").getcolors(10**6) or []) > 30
    entries = json.loads(drawn["manifest.json"])["pictures"]
    assert entries["gain_one.pulse.light.png"]["scenario"] == "gain_one"

    second = shots(tmp_path / "second", *only, "--theme", "light")
    assert second.returncode == 0, second.stderr
    again = {name: file for name, file in files(tmp_path / "second").items() if "png" in name}
    assert set(again) == {"gain_one.pulse.light.png", "page.runs.light.png"}
    assert {name for name in again if drawn[name] != again[name]} == set()
    third = shots(tmp_path / "first", *only)
    assert "4 pictures, 0 of them new or changed" in third.stdout
    assert files(tmp_path / "first") == drawn
    checked = shots(tmp_path / "first", "--check", *only[:4])
    assert checked.returncode == 0, checked.stdout + checked.stderr
