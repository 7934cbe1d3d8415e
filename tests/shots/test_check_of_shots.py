"""`shots --check`: what no longer matches is found, by name."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from gradviz.cli import main
from gradviz.shots import check
from gradviz.shots.gallery import BEGIN, END, escaped, gallery, is_as_drawn, write_gallery
from gradviz.shots.leads import picture_shots
from gradviz.shots.manifest import Manifest, entry_of, read_manifest, versions, write_manifest
from gradviz.shots.opened import Opened, opened
from gradviz.shots.shot import THEMES, PictureShot, ShotError, file_of

SHOTS = [
    each
    for each in picture_shots()
    if each.name in ("gain_one.transport_by_lag", "cliff.contour", "gating.loss")
]


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 4), "red").save(out, "png")
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three shots as if drawn; they are read in this process, where a test may change them."""
    pictures = {}
    for shot in SHOTS:
        here = opened(shot)
        for theme in THEMES:
            (tmp_path / file_of(shot, theme)).write_bytes(png())
            pictures[file_of(shot, theme)] = entry_of(
                shot,
                theme,
                png(),
                title=here.title,
                words=" ".join(here.sentences),
                url=here.url,
                data=here.data(theme),
            )
    write_manifest(tmp_path, Manifest(pictures=pictures, versions=versions()))
    monkeypatch.setattr(
        check, "_shown_now", lambda shots, jobs, told: check.pictures_now(list(shots))
    )
    return tmp_path


def wrong(folder: Path, *, whole: bool = False) -> list[str]:
    return check.mismatches(SHOTS, folder, jobs=1, whole=whole, told=lambda name: None)


def test_a_manifest_comes_back_as_it_was_and_has_the_same_bytes(folder: Path) -> None:
    before = (folder / "manifest.json").read_bytes()
    manifest = read_manifest(folder)
    entry = manifest.pictures["cliff.contour.dark.png"]
    assert (entry.kind, entry.page, entry.scenario, entry.picture) == (
        "scenario",
        "cliff",
        "",
        "contour",
    )
    assert (entry.width, entry.height, entry.theme) == (8, 4, "dark")
    assert entry.url == "/cliff"
    shuffled = dict(sorted(manifest.pictures.items(), reverse=True))
    write_manifest(folder, Manifest(pictures=shuffled, versions=manifest.versions))
    assert (folder / "manifest.json").read_bytes() == before
    assert set(json.loads(before)["versions"]) == {"gradviz", "plotly"}


def test_what_matches_is_not_listed(folder: Path) -> None:
    assert wrong(folder, whole=True) == []


def _lose(folder: Path) -> None:
    (folder / "cliff.contour.light.png").unlink()


def _change_file(folder: Path) -> None:
    (folder / "cliff.contour.light.png").write_bytes(b"scribbled on")


def _leave_over(folder: Path) -> None:
    (folder / "old.loss.light.png").write_bytes(png())


def _change(folder: Path, **changes: Any) -> None:
    manifest = read_manifest(folder)
    name = "cliff.contour.light.png"
    manifest.pictures[name] = replace(manifest.pictures[name], **changes)
    write_manifest(folder, manifest)


def _forget(folder: Path) -> None:
    manifest = read_manifest(folder)
    del manifest.pictures["cliff.contour.light.png"]
    write_manifest(folder, manifest)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_lose, "cliff.contour.light.png: its file is missing"),
        (_change_file, "cliff.contour.light.png: its file was changed"),
        (_forget, "cliff.contour.light.png: not drawn yet"),
        (_leave_over, "old.loss.light.png: left over"),
        (lambda folder: _change(folder, data="0"), "light.png: the picture is another"),
        (
            lambda folder: _change(folder, data="0", words="Before."),
            "light.png: its words was “Before.”, and is “Not clipped: at the wall",
        ),
    ],
)
def test_what_does_not_match_is_said(
    folder: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(folder)
    (found,) = wrong(folder, whole=True)
    assert said in found


def test_one_changed_number_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Opened.figure

    def figure(self: Opened, theme: Any) -> Any:
        drawn = real(self, theme)
        if self.shot.name == "gating.loss":
            losses = drawn.data[0].y.copy()
            losses[7] *= 1.001
            drawn.data[0].y = losses
        return drawn

    monkeypatch.setattr(Opened, "figure", figure)
    assert [each.split(":")[0] for each in wrong(folder)] == [
        "gating.loss.dark.png",
        "gating.loss.light.png",
    ]


def test_a_damaged_manifest_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"pictures": {"a.png": {}}, "versions": {}}')
    with pytest.raises(ShotError, match="must be a manifest of pictures"):
        read_manifest(tmp_path)


def test_the_gallery_is_between_its_markers_with_light_and_dark(folder: Path) -> None:
    page = folder.parent / f"{folder.name}.md"
    page.write_text(f"# Mine\n\n{BEGIN}\n\nold\n\n{END}\nmine too\n", "utf-8")
    manifest = read_manifest(folder)
    assert not is_as_drawn(page, folder, manifest)
    write_gallery(page, folder, manifest)
    assert is_as_drawn(page, folder, manifest)
    text = page.read_text("utf-8")
    assert text.startswith("# Mine\n")
    assert text.endswith("mine too\n")
    assert "old" not in text.splitlines()
    name = f"{folder.name}/gain_one.transport_by_lag"
    assert f'srcset="{name}.dark.png"><img src="{name}.light.png"' in text
    assert "(http://127.0.0.1:8501/cliff)" in text
    # A table or a heading of a title's or a sentence's own would spoil the page.
    assert "W\\_hh" in text


def test_every_scenario_stands_in_the_gallery() -> None:
    from gradviz.scenarios import SCENARIOS

    lines = gallery(Manifest(), "pictures")
    headings = {line.lstrip("# ") for line in lines if line.startswith("###")}
    assert {escaped(each.title) for each in SCENARIOS.values()} <= headings


def test_words_of_a_scenario_are_no_markdown() -> None:
    assert escaped("a_b *c* [d](e) <f> #1 | $x$") == (r"a\_b \*c\* \[d\](e) \<f\> \#1 \| \$x\$")


def call(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["shots", *arguments])


def test_the_list_and_wrong_calls() -> None:
    listed = call("--list", "--only", "cliff")
    assert listed.exit_code == 0
    assert listed.output.split() == ["cliff.surface_3d", "cliff.contour", "cliff.descent"]
    unknown = call("--only", "no_such_thing")
    assert unknown.exit_code == 2
    assert "no_such_thing must name" in unknown.output
    assert call("--theme", "blue").exit_code == 2


def test_without_a_browser_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "none"))
    result = call("--only", "cliff.contour", "--out", str(tmp_path / "pictures"))
    assert result.exit_code == 2
    assert "install one, or set BROWSER_PATH" in result.output
    assert not list(tmp_path.glob("*.png"))


def test_pictures_of_other_versions_are_drawn_together_or_not_at_all(folder: Path) -> None:
    manifest = read_manifest(folder)
    write_manifest(folder, Manifest(pictures=manifest.pictures, versions={"plotly": "1.0"}))
    result = call("--only", "cliff.contour", "--out", str(folder))
    assert result.exit_code == 2
    assert "by plotly 1.0; draw all" in result.output


def test_a_picture_without_a_run_is_named_by_its_page() -> None:
    shot = PictureShot(page="cliff", picture="contour")
    assert file_of(shot, "dark") == "cliff.contour.dark.png"
