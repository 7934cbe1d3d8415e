"""Whether the pictures of a folder still show what the pages would show. No browser."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from pathlib import Path

from gradviz.exports.stamped import Theme
from gradviz.shots.draw import processes
from gradviz.shots.manifest import Entry, Manifest, read_manifest, sha256
from gradviz.shots.opened import opened
from gradviz.shots.page_list import PAGE_SHOTS, address_of
from gradviz.shots.page_reading import ROOT, check_app, data_of
from gradviz.shots.samples import sampled
from gradviz.shots.shot import THEMES, PageShot, PictureShot, Shot, ShotError, file_of

AT_ONCE = 12
"""Shots a process reads before it comes back: a bar moves, and few are sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What a shot shows now."""

    title: str
    words: str
    url: str
    data: str


Now = dict[str, Shown | str]
"""File to what its page shows now, or to why that cannot be known."""


def mismatches(
    shots: Sequence[Shot],
    folder: Path,
    *,
    jobs: int,
    whole: bool,
    told: Callable[[str], None],
) -> list[str]:
    """What no longer matches, a sentence each, by the picture's name.

    Args:
        shots: which are looked at.
        folder: of the pictures.
        jobs: processes.
        whole: whether these are all shots there are, so that any other file is left over.
        told: called with the name of each shot that is read.

    Raises:
        ShotError: for a manifest that is damaged, or pages without an app.
    """
    manifest = read_manifest(folder)
    found = dict(_files(shots, manifest, folder))
    for name, now in _shown_now(shots, jobs, told).items():
        entry = manifest.pictures.get(name)
        if name not in found and entry:
            wrong = now if isinstance(now, str) else _difference(entry, now)
            found |= {name: wrong} if wrong else {}
    if whole:
        found |= dict(_left_over(shots, manifest, folder))
        found |= dict(_pages_without())
    return [f"{name}: {wrong}" for name, wrong in sorted(found.items())]


def _files(shots: Sequence[Shot], manifest: Manifest, folder: Path) -> Iterator[tuple[str, str]]:
    for shot in shots:
        for theme in THEMES:
            name = file_of(shot, theme)
            entry, path = manifest.pictures.get(name), folder / name
            if entry is None:
                yield name, "not drawn yet"
            elif not path.is_file():
                yield name, "its file is missing"
            elif sha256(path.read_bytes()) != entry.file:
                yield name, "its file was changed by something else"


def _left_over(
    shots: Sequence[Shot], manifest: Manifest, folder: Path
) -> Iterator[tuple[str, str]]:
    declared = {file_of(shot, theme) for shot in shots for theme in THEMES}
    files = {path.name for path in folder.glob("*.png")}
    for name in (files | manifest.pictures.keys()) - declared:
        where = "delete it" if name not in manifest.pictures else "it goes when all are drawn"
        yield name, f"left over: no scenario and no page has it; {where}"


def _pages_without() -> Iterator[tuple[str, str]]:
    seen = {shot.page for shot in PAGE_SHOTS}
    for path in sorted((ROOT / "pages").glob("*.py")):
        if path.stem not in seen:
            yield f"page.{path.stem}", "the page has no picture; add it to gradviz/shots/page_list"


def _difference(entry: Entry, now: Shown) -> str:
    if entry.data == now.data:
        return ""
    for name in ("title", "url", "words"):
        before, after = getattr(entry, name), getattr(now, name)
        if before != after:
            return f"its {name} was “{before}”, and is “{after}”"
    if entry.kind == "page":
        return "the page shows something else: words, settings, a table or a picture"
    return "the picture is another: its numbers, names or looks"


def _shown_now(shots: Sequence[Shot], jobs: int, told: Callable[[str], None]) -> Now:
    pages = [shot for shot in shots if isinstance(shot, PageShot)]
    pictures = [shot for shot in shots if isinstance(shot, PictureShot)]
    if pages:
        check_app()
    found: Now = {}
    with processes(jobs) as executor:
        waiting: dict[Future[Now], Sequence[Shot]] = {}
        # The pages first, in one process: each has workers of its own, and takes longest.
        if pages:
            waiting[executor.submit(pages_now, pages)] = pages
        for start in range(0, len(pictures), AT_ONCE):
            some = pictures[start : start + AT_ONCE]
            waiting[executor.submit(pictures_now, some)] = some
        for done in as_completed(waiting):
            found |= done.result()
            for shot in waiting[done]:
                told(shot.name)
    return found


def pictures_now(shots: Sequence[PictureShot]) -> Now:
    """What pictures show, in both themes."""
    return {
        file_of(shot, theme): _tried(lambda: _picture_now(shot, theme))  # noqa: B023 # At once.
        for shot in shots
        for theme in THEMES
    }


def pages_now(shots: Sequence[PageShot]) -> Now:
    """What pages show, which is the same in both themes."""
    found: Now = {}
    with tempfile.TemporaryDirectory(prefix="gradviz-shots-") as place, sampled(Path(place)):
        for shot in shots:
            now = _tried(lambda: _page_now(shot))  # noqa: B023 # At once.
            found |= {file_of(shot, theme): now for theme in THEMES}
    return found


def _picture_now(shot: PictureShot, theme: Theme) -> Shown:
    here = opened(shot)
    words = " ".join(here.sentences)
    return Shown(title=here.title, words=words, url=here.url, data=here.data(theme))


def _page_now(shot: PageShot) -> Shown:
    return Shown(title=shot.title, words=shot.says, url=address_of(shot), data=data_of(shot))


def _tried(look: Callable[[], Shown]) -> Shown | str:
    try:
        return look()
    except ShotError as error:
        return str(error)
