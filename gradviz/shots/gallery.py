"""docs/gallery.md: every page and scenario with its picture, between two markers."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from gradviz.markdown import put_between
from gradviz.scenarios import SHELVES, Scenario, on_page
from gradviz.shots.leads import picture_shots
from gradviz.shots.manifest import Manifest
from gradviz.shots.opened import ADDRESS
from gradviz.shots.page_list import PAGE_SHOTS
from gradviz.shots.shot import PictureShot, Shot, file_of
from gradviz.ui.lessons import LESSONS, LIVE_TRAINING

BEGIN, END = "<!-- gallery: begin -->", "<!-- gallery: end -->"
"""Markers of the page."""

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~$])")


def write_gallery(page: Path, pictures: Path, manifest: Manifest) -> None:
    """Write the gallery into a page, between its markers.

    Args:
        page: a Markdown file.
        pictures: the folder of the pictures, below the page's.
        manifest: of these.

    Raises:
        MarkerError: for a page without them.
    """
    before = page.read_text("utf-8")
    lines = gallery(manifest, pictures.relative_to(page.parent).as_posix())
    # Nothing is written where nothing has changed: a watcher would build the pages anew.
    if "\n".join(lines) not in before:
        put_between(page, BEGIN, END, lines)


def is_as_drawn(page: Path, pictures: Path, manifest: Manifest) -> bool:
    """Whether a page has the gallery of this manifest."""
    lines = gallery(manifest, pictures.relative_to(page.parent).as_posix())
    body = "\n".join(lines)
    return f"{BEGIN}\n\n{body}\n\n{END}" in page.read_text("utf-8")


def gallery(manifest: Manifest, folder: str) -> list[str]:
    """Lines of Markdown: the pages, then each lesson's scenarios.

    Args:
        manifest: what there is.
        folder: of the pictures, from the page.
    """
    return list(_joined(_parts(manifest, folder)))


def _joined(parts: Iterator[str]) -> Iterator[str]:
    """With an empty line between two paragraphs."""
    for place, part in enumerate(parts):
        if place:
            yield ""
        yield part


def _parts(manifest: Manifest, folder: str) -> Iterator[str]:
    yield "## Pages"
    for page in PAGE_SHOTS:
        if not page.is_narrow:
            yield f"### {page.title}"
            yield from _picture(page, manifest, folder)
    shots: dict[str, list[PictureShot]] = {}
    for each in picture_shots():
        shots.setdefault(each.scenario or each.page, []).append(each)
    for name, lesson in LESSONS.items():
        yield f"## {escaped(lesson.title)}"
        yield escaped(lesson.text)
        if lesson is LIVE_TRAINING:
            yield from _shelves(manifest, folder, shots)
        elif name in shots:
            for shot in shots[name]:
                yield from _picture(shot, manifest, folder)
        for scenario in on_page(name).values() if lesson is not LIVE_TRAINING else ():
            yield from _scenario(scenario, 3, shots[scenario.name], manifest, folder)


def _shelves(manifest: Manifest, folder: str, shots: dict[str, list[PictureShot]]) -> Iterator[str]:
    for shelf, title in SHELVES.items():
        yield f"### {escaped(title)}"
        for scenario in on_page(LIVE_TRAINING.name).values():
            if scenario.shelf == shelf:
                yield from _scenario(scenario, 4, shots[scenario.name], manifest, folder)


def _scenario(
    scenario: Scenario,
    level: int,
    shots: Sequence[PictureShot],
    manifest: Manifest,
    folder: str,
) -> Iterator[str]:
    yield f"{'#' * level} {escaped(scenario.title)}"
    yield escaped(scenario.text)
    lead, *_ = shots
    entry = manifest.pictures.get(file_of(lead, "light"))
    if entry:
        yield f"> {escaped(entry.words)}"
    for shot in shots:
        yield from _picture(shot, manifest, folder)


def _picture(shot: Shot, manifest: Manifest, folder: str) -> Iterator[str]:
    light, dark = file_of(shot, "light"), file_of(shot, "dark")
    entry = manifest.pictures.get(light)
    if entry is None:
        return
    if isinstance(shot, PictureShot):
        alt = f"{shot.picture.replace('_', ' ')} of “{entry.title}”"
    else:
        alt = entry.words
    image = f'<img src="{folder}/{light}" alt="{html.escape(alt)}" width="{entry.width}">'
    if dark in manifest.pictures:
        source = f'<source media="(prefers-color-scheme: dark)" srcset="{folder}/{dark}">'
        image = f"<picture>{source}{image}</picture>"
    yield image
    address = html.escape(ADDRESS + entry.url)
    yield f"[Open it in the app]({address}), where it runs on this machine."


def escaped(text: str) -> str:
    """Words with nothing left for Markdown to read."""
    return _MARKS.sub(r"\\\1", text)
