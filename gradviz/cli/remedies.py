"""`python -m gradviz remedies`."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradviz import __version__
from gradviz.cli.terminal import console, machine, print_table, progress
from gradviz.config.remedy_list import REMEDIES
from gradviz.markdown import MarkerError
from gradviz.scenarios import on_page

if TYPE_CHECKING:
    from gradviz.scenarios import Scenario


_SHOWN = ("Remedy", "Verdict", "Of the floor", "Solved", "Horizon at last", "In words")
"""Columns that a terminal has room for; the page has all."""


@click.command()
@click.argument("diseases", metavar="[DISEASE]...", nargs=-1)
@click.option(
    "--remedy", "chosen", multiple=True, help="Only this one; may be given again. Without: all."
)
@click.option("--seeds", default=3, type=click.IntRange(1, 100), help="Runs of each set-up; 3.")
@click.option(
    "--workers",
    default=os.cpu_count() or 1,
    type=click.IntRange(1, 256),
    help="Processes; one a core.",
)
@click.option(
    "--results",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep what each run came to in this file, and go on from what it has.",
)
@click.option(
    "--markdown",
    "page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Write the tables into this page, between its markers; times of a step are then taken in "
    "turns, for a minute or two.",
)
@click.option("--list", "listing", is_flag=True, help="Show diseases and remedies; train nothing.")
def remedies(
    diseases: tuple[str, ...],
    chosen: tuple[str, ...],
    seeds: int,
    workers: int,
    file: Path | None,
    page: Path | None,
    listing: bool,
) -> None:
    """Try every remedy on every disease, and show the scoreboard.

    A disease is a training that fails, by its scenario's name; without one all are tried.
    Every run's outcome is kept in the file of --results as it ends, so that a sweep that was
    interrupted goes on where it was.

    Exit status: 0 when done, 1 when a run or a file is in the way, 2 for a wrong call.
    """
    wards = on_page("remedies")
    if listing:
        _list(list(wards.values()))
        return
    names = _known(diseases, list(wards), "disease")
    tried = _known(chosen, list(REMEDIES), "remedy")
    from gradviz.scoreboard import board_of, jobs_of, time_ratios, written
    from gradviz.sweep import Results, ResultsError, swept
    from gradviz.training import prepare_training_thread

    try:
        results = Results(file, made_by=f"gradviz {__version__}, torch {machine()['torch']}")
    except ResultsError as error:
        raise click.ClickException(str(error)) from None
    jobs = [job for name in names for job in jobs_of(wards[name], tried, seeds)]
    screen = console()
    context = multiprocessing.get_context("spawn")
    with (
        progress(screen, len(set(jobs))) as advance,
        ProcessPoolExecutor(workers, mp_context=context) as executor,
    ):
        swept(jobs, executor, results, told=lambda job: advance(f"{job.config.task}"))
    ratios = None
    if page:
        prepare_training_thread()
        with progress(screen, len(names) * len(tried)) as advance:
            ratios = {name: time_ratios(wards[name], tried, told=advance) for name in names}
    boards = [
        board_of(wards[name], tried, seeds, results, ratios[name] if ratios else None)
        for name in names
    ]
    for board in boards:
        screen.print(f"\n[bold]{board.scenario.title}[/] ({board.scenario.name})")
        rows = [score.cells() for score in board.scores]
        print_table(screen, _SHOWN, [[row[title] for title in _SHOWN] for row in rows])
    if page:
        try:
            written(page, boards, seeds, time.strftime("%Y-%m-%d"), machine())
        except MarkerError as error:
            raise click.ClickException(str(error)) from None
        click.echo(f"Written into {page}.")


def _known(given: Sequence[str], there: Sequence[str], what: str) -> list[str]:
    unknown = [name for name in given if name not in there]
    if unknown:
        raise click.UsageError(
            f"{what} must be one of {', '.join(there)}, got {', '.join(unknown)}."
        )
    return list(given or there)


def _list(wards: Sequence[Scenario]) -> None:
    for each in wards:
        click.echo(f"{each.name}: {each.title}, {each.steps} steps")
    click.echo()
    for remedy in REMEDIES.values():
        click.echo(f"{remedy.name}: {remedy.text} {remedy.paper}")
