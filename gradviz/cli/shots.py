"""`python -m gradviz shots`."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradviz.cli.terminal import console, leave, progress
from gradviz.markdown import MarkerError

if TYPE_CHECKING:
    from gradviz.shots.shot import Shot

FOLDER = Path("docs/pictures")
MOST_JOBS = 4
"""Each is a browser."""

FAILED, CANNOT, STOPPED = 1, 2, 130
"""Exit statuses."""


@click.command()
@click.option(
    "--jobs",
    "-j",
    default=min(os.cpu_count() or 1, MOST_JOBS),
    show_default=True,
    type=click.IntRange(1, 32),
    help="Pictures at a time.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="WORD",
    help="Only what this names: a picture, scenario or page, or a glob. May be given again.",
)
@click.option("--theme", default="both", type=click.Choice(["light", "dark", "both"]))
@click.option(
    "--out",
    "folder",
    default=FOLDER,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the pictures.",
)
@click.option("--all", "anew", is_flag=True, help="Draw also what has not changed.")
@click.option("--check", "checking", is_flag=True, help="Compare with what pages show; draw none.")
@click.option("--list", "listing", is_flag=True, help="Show the names; draw nothing.")
def shots(
    jobs: int,
    only: tuple[str, ...],
    theme: str,
    folder: Path,
    *,
    anew: bool,
    checking: bool,
    listing: bool,
) -> None:
    """Draw the documentation's pictures: of every scenario and every page.

    Scenarios are drawn from their recorded runs, pages photographed in a browser (Chromium,
    Chrome or Edge), in light and dark. What has not changed is not drawn again. The gallery
    beside the folder is written as well.

    Exit status: 0 when done, 1 when a picture failed or (--check) no longer matches, 2 for a wrong
    call or without a browser.
    """
    from gradviz.shots.leads import picture_shots
    from gradviz.shots.page_list import PAGE_SHOTS
    from gradviz.shots.shot import ShotError, chosen

    # A browser and a server must end with this, also where `timeout` or a shutdown ends it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        wanted = chosen([*picture_shots(), *PAGE_SHOTS], only)
        if listing:
            for shot in wanted:
                click.echo(shot.name)
        elif checking:
            _check(wanted, folder, jobs, whole=not only)
        else:
            _draw(wanted, folder, jobs, theme, whole=not only, anew=anew)
    except (ShotError, MarkerError) as error:
        leave(CANNOT, str(error))
    except OSError as error:
        leave(FAILED, f"{error.filename or folder} cannot be written: {error.strerror or error}.")
    except KeyboardInterrupt:
        leave(STOPPED, "Stopped. What was drawn is whole; the next call goes on.")


def _draw(
    wanted: Sequence[Shot], folder: Path, jobs: int, theme: str, *, whole: bool, anew: bool
) -> None:
    from gradviz.shots.draw import draw
    from gradviz.shots.gallery import write_gallery
    from gradviz.shots.manifest import read_manifest
    from gradviz.shots.shot import THEMES

    themes = [each for each in THEMES if theme in (each, "both")]
    began = time.monotonic()
    with progress(console(), len(wanted), "starting") as advance:
        done = draw(wanted, themes, folder, jobs=jobs, whole=whole, anew=anew, told=advance)
    page = folder.parent / "gallery.md"
    if page.is_file():
        write_gallery(page, folder, read_manifest(folder))
    for problem in done.problems:
        click.echo(problem, err=True)
    size = sum(path.stat().st_size for path in folder.glob("*.png"))
    click.echo(
        f"{done.asked} pictures, {len(done.drawn)} of them new or changed, in "
        f"{time.monotonic() - began:.0f} s; {folder} has {size / 1e6:.1f} MB."
    )
    sys.exit(FAILED if done.problems else 0)


def _check(wanted: Sequence[Shot], folder: Path, jobs: int, *, whole: bool) -> None:
    from gradviz.shots.check import mismatches
    from gradviz.shots.gallery import is_as_drawn
    from gradviz.shots.manifest import read_manifest

    began = time.monotonic()
    with progress(console(), len(wanted), "starting") as advance:
        wrong = mismatches(wanted, folder, jobs=jobs, whole=whole, told=advance)
    page = folder.parent / "gallery.md"
    if whole and page.is_file() and not is_as_drawn(page, folder, read_manifest(folder)):
        wrong.append(f"{page}: the gallery is not of these pictures")
    for each in wrong:
        click.echo(each)
    if wrong:
        click.echo(f"{len(wrong)} do not match; python -m gradviz shots draws them anew.")
    else:
        count = len(wanted)
        seconds = time.monotonic() - began
        click.echo(f"All pictures of {count} shots match what is shown now; {seconds:.0f} s.")
    sys.exit(FAILED if wrong else 0)
