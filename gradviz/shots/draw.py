"""Draw what is asked for: pictures over processes, photographs over contexts of one browser."""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gradviz.exports import ExportError, Stamp, picture_file
from gradviz.exports.stamped import Theme
from gradviz.shots.manifest import (
    Entry,
    Manifest,
    entry_of,
    read_manifest,
    sha256,
    versions,
    write_manifest,
)
from gradviz.shots.opened import ADDRESS, opened
from gradviz.shots.page_list import address_of
from gradviz.shots.page_reading import check_app, data_of
from gradviz.shots.photographs import check_browser, photographed
from gradviz.shots.samples import sampled
from gradviz.shots.serving import serving
from gradviz.shots.shot import PageShot, PictureShot, Shot, ShotError, file_of
from gradviz.shots.small import look_alike, small, write_whole

WIDTH, SCALE = 800, 1.0
"""px of a picture, and pixels a px."""

Found = dict[str, Entry | str]
"""File to what it shows, or to why it could not be drawn."""

Told = Callable[[str], None]
"""Called with the name of each shot that is done."""


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What came of drawing."""

    asked: int = 0
    """Pictures, with their themes."""
    drawn: list[str] = field(default_factory=list)
    """Files that are new or have changed."""
    problems: list[str] = field(default_factory=list)
    """Why a picture could not be drawn, a sentence each."""


def draw(
    shots: Sequence[Shot],
    themes: Sequence[Theme],
    folder: Path,
    *,
    jobs: int,
    whole: bool,
    anew: bool = False,
    told: Told,
) -> Outcome:
    """Draw shots into a folder, and write its manifest. What has not changed keeps its bytes.

    Args:
        shots: what.
        themes: in which.
        folder: of the pictures.
        jobs: pictures at a time.
        whole: whether these are all shots there are: what is no longer among them is deleted.
        anew: draw also what has not changed.
        told: called with each shot that is done.

    Raises:
        ShotError: without a browser, or where the folder's other pictures are of other versions.
    """
    before = read_manifest(folder)
    if not whole and before.pictures and before.versions != versions():
        said = ", ".join(f"{name} {each}" for name, each in before.versions.items())
        raise ShotError(f"The pictures of {folder} are by {said}; draw all, without --only.")
    pages = [shot for shot in shots if isinstance(shot, PageShot)]
    pictures = [shot for shot in shots if isinstance(shot, PictureShot)]
    if pages:
        check_app()
    check_browser()
    folder.mkdir(parents=True, exist_ok=True)
    # With other versions every stamp is another.
    known = {} if anew or before.versions != versions() else before.pictures
    found = _drawn(pictures, themes, folder, known, jobs, told)
    if pages:
        found |= _photographed(pages, themes, folder, known, jobs, told)
    entries = {name: each for name, each in found.items() if isinstance(each, Entry)}
    kept = {} if whole and len(themes) > 1 else before.pictures
    failed = {n: before.pictures[n] for n in found.keys() - entries.keys() & before.pictures.keys()}
    manifest = Manifest(pictures={**kept, **failed, **entries}, versions=versions())
    for name in before.pictures.keys() - manifest.pictures.keys():
        (folder / name).unlink(missing_ok=True)
    write_manifest(folder, manifest)
    return Outcome(
        asked=len(found),
        drawn=[n for n, each in entries.items() if _file(before.pictures.get(n)) != each.file],
        problems=[each for each in found.values() if isinstance(each, str)],
    )


def _file(entry: Entry | None) -> str:
    return entry.file if entry else ""


def _drawn(
    shots: Sequence[PictureShot],
    themes: Sequence[Theme],
    folder: Path,
    known: Mapping[str, Entry],
    jobs: int,
    told: Told,
) -> Found:
    found: Found = {}
    if not shots:
        return found
    with processes(min(jobs, len(shots))) as executor:
        waiting = {
            executor.submit(draw_pictures, shot, tuple(themes), folder, dict(known)): shot
            for shot in shots
        }
        for done in as_completed(waiting):
            found |= done.result()
            told(waiting[done].name)
    return found


@contextmanager
def processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Of their own, which leave Ctrl-C to this one; what has not begun then never does."""
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(jobs, mp_context=context, initializer=_leave_interrupts)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def _leave_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def draw_pictures(
    shot: PictureShot, themes: Iterable[Theme], folder: Path, known: Mapping[str, Entry]
) -> Found:
    """One shot in each theme, in a process that has a browser of its own.

    Args:
        shot: what.
        themes: in which.
        folder: of the pictures.
        known: what was drawn there before.
    """
    found: Found = {}
    for theme in themes:
        name = file_of(shot, theme)
        try:
            found[name] = _picture(shot, theme, folder / name, known.get(name))
        except (ShotError, ExportError) as error:
            found[name] = str(error)
    return found


def _picture(shot: PictureShot, theme: Theme, path: Path, known: Entry | None) -> Entry:
    here = opened(shot)
    data = here.data(theme)
    if known and known.data == data and path.is_file() and sha256(path.read_bytes()) == known.file:
        return known
    stamp = here.stamp()
    drawn = picture_file(here.figure(theme), "png", stamp, width=WIDTH, scale=SCALE, theme=theme)
    file = small(drawn, stamp.metadata)
    write_whole(path, file)
    words = " ".join(here.sentences)
    return entry_of(shot, theme, file, title=here.title, words=words, url=here.url, data=data)


def _photographed(
    shots: Sequence[PageShot],
    themes: Sequence[Theme],
    folder: Path,
    known: Mapping[str, Entry],
    jobs: int,
    told: Told,
) -> Found:
    found: Found = {}

    def take(shot: PageShot, theme: Theme, photograph: bytes | ShotError) -> None:
        name = file_of(shot, theme)
        if isinstance(photograph, ShotError):
            found[name] = str(photograph)
        else:
            found[name] = _page(shot, theme, photograph, folder / name, known.get(name), data)
        told(name)

    with tempfile.TemporaryDirectory(prefix="gradviz-shots-") as place:
        samples = Path(place)
        with sampled(samples):
            data = {shot.name: data_of(shot) for shot in shots}
            with serving(samples) as (address, _):
                tasks = [(shot, theme) for shot in shots for theme in themes]
                photographed(tasks, address, jobs, take)
    return found


def _page(
    shot: PageShot,
    theme: Theme,
    photograph: bytes,
    path: Path,
    known: Entry | None,
    data: Mapping[str, str],
) -> Entry:
    url = address_of(shot)
    stamp = Stamp(picture=shot.title, caption=shot.says, link=ADDRESS + url)
    file = small(photograph, stamp.metadata)
    if known and known.data == data[shot.name] and path.is_file():
        before = path.read_bytes()
        if sha256(before) == known.file and look_alike(before, file):
            file = before
    write_whole(path, file)
    return entry_of(
        shot, theme, file, title=shot.title, words=shot.says, url=url, data=data[shot.name]
    )
