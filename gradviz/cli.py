"""`python -m gradviz`: what is done at a terminal.

torch is imported when a command needs it, so that --help answers at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from gradviz import __version__

if TYPE_CHECKING:
    from gradviz.checks import Check, Outcome

PIPE_WIDTH = 120
"""Columns of a table that goes into a file or a pipe."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """See gradients flow through recurrent networks."""


@main.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--all", "slow", is_flag=True, help="Also the trainings, which take seconds each.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as each check ends.")
@click.option("--list", "listing", is_flag=True, help="Show the checks without running them.")
def check(names: tuple[str, ...], *, slow: bool, as_json: bool, listing: bool) -> None:
    """Check gradviz against what is known, on this machine.

    Measures networks whose gradients are known on paper, or from a paper, and compares.
    NAME is a check or a subject; without one all run, in a few seconds.

    Exit status: 0 when all are right, 1 when one is WRONG, 2 for a wrong call.
    """
    from gradviz.checks import chosen

    try:
        checks = chosen(names, slow=slow)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if listing:
        for each in checks:
            click.echo(f"{each.name}: {each.title}")
        return
    outcomes = _lines(checks) if as_json else _table(checks)
    sys.exit(any(outcome.verdict == "WRONG" for outcome in outcomes))


@main.command()
@click.argument("names", metavar="[CELL]...", nargs=-1)
@click.option("--rounds", default=None, type=click.IntRange(1), help="Of times; 15.")
@click.option("--seeds", default=None, type=click.IntRange(1), help="Of horizons; 5.")
@click.option(
    "--markdown",
    "page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Write the table into this page, between its markers.",
)
def cells(names: tuple[str, ...], rounds: int | None, seeds: int | None, page: Path | None) -> None:
    """Measure every cell: parameters, time of a step, gradient horizon at the start.

    Times are ratios to PyTorch's fused LSTM, taken in turns. CELL is a cell's name; without one
    all are measured, and then layers, directions, skips and readouts, in a minute or two.
    """
    from gradviz import cell_table
    from gradviz.training import prepare_training_thread

    try:
        chosen = cell_table.variants(names)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if page and names:
        raise click.UsageError("--markdown takes all cells, not some; leave out their names.")
    prepare_training_thread()
    rounds, seeds = rounds or cell_table.ROUNDS, seeds or cell_table.SEEDS
    console = _console()
    around = () if names else cell_table.WRAPPERS
    steps = cell_table.work(chosen, rounds) + cell_table.work(around, rounds)
    with _progress(console, steps) as advance:
        rows = cell_table.measured(chosen, rounds=rounds, seeds=seeds, advance=advance)
        wrappers = cell_table.wrappers_measured(around, rounds=rounds, seeds=seeds, advance=advance)
    _print_table(console, cell_table.HEADINGS, map(cell_table.cells_of, rows))
    if wrappers:
        words = map(cell_table.cells_of_wrapper, wrappers)
        _print_table(console, cell_table.WRAPPER_HEADINGS, words)
    console.print(cell_table.SIZES, highlight=False)
    if page:
        try:
            cell_table.written(page, rows, wrappers, time.strftime("%Y-%m-%d"), machine())
        except cell_table.MarkerError as error:
            raise click.ClickException(str(error)) from None
        click.echo(f"Written into {page}.")


def _print_table(console: Console, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(*headings)
    for row in rows:
        table.add_row(*row)
    console.print(table)


@main.group()
def lecture() -> None:
    """Check a lecture's file, or list the lectures there are.

    docs/lectures.md says how to write one.
    """


@lecture.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
def check_lecture(files: tuple[str, ...]) -> None:
    """Say what is wrong in a lecture's file, with line and field.

    Exit status: 0 when all files are lectures, 1 when one is not.
    """
    from gradviz.lectures import LectureError, load

    wrong = False
    for file in files:
        try:
            slides = load(file).slides
        except LectureError as error:
            wrong = True
            for problem in error.problems:
                click.echo(problem, err=True)
        else:
            quizzes = sum(slide.quiz is not None for slide in slides)
            click.echo(f"{file}: {_count(len(slides), 'slide')}, {_count(quizzes, 'quiz')}")
    sys.exit(wrong)


@lecture.command("list")
def list_lectures() -> None:
    """List the lectures by the name that ?lecture= takes.

    Looks into $GRADVIZ_LECTURES, ./lectures, and those that come with gradviz.
    """
    from gradviz.lectures import LectureError, find, load, names

    for name in names():
        try:
            told = load(find(name))
            click.echo(f"{name}: {told.title} ({_count(len(told.slides), 'slide')})")
        except LectureError as error:
            click.echo(f"{name}: {_count(len(error.problems), 'problem')}; see lecture check")


def _count(number: int, what: str) -> str:
    plural = {"quiz": "quizzes"}.get(what, f"{what}s")
    return f"{number} {what if number == 1 else plural}"


def _run(checks: Sequence[Check]) -> Iterator[Outcome]:
    """One thread: a check is too small for two, which would get into each other's way."""
    import torch

    from gradviz.checks import run

    torch.set_num_threads(1)
    yield from map(run, checks)


def _lines(checks: Sequence[Check]) -> list[Outcome]:
    """First what will run and on what machine, then each outcome, then whether all is right."""
    outcomes = []
    with _quiet_when_nobody_reads():
        _line({"machine": machine(), "checks": [check.name for check in checks]})
        for outcome in _run(checks):
            outcomes.append(outcome)
            _line(asdict(outcome))
    return outcomes


def _line(content: dict[str, object]) -> None:
    print(json.dumps(content), flush=True)


@contextlib.contextmanager
def _quiet_when_nobody_reads() -> Iterator[None]:
    """The reader of a pipe is gone (a page that was closed, `head`): end, without a traceback."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def machine() -> dict[str, str]:
    """What the numbers were measured on."""
    import torch

    return {
        "gradviz": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": torch.backends.cpu.get_cpu_capability(),
    }


def _table(checks: Sequence[Check]) -> list[Outcome]:
    """A bar of progress while they run, then a table, then what is WRONG in full."""
    console = _console()
    with _progress(console, len(checks)) as advance:
        outcomes = []
        for outcome in _run(checks):
            outcomes.append(outcome)
            advance(outcome.name)
    table = Table("check", "expected", "measured", "verdict")
    for outcome in outcomes:
        table.add_row(*_row(outcome))
    console.print(table)
    wrong = [outcome for outcome in outcomes if outcome.verdict == "WRONG"]
    for outcome in wrong:
        console.print(f"[bold red]WRONG[/] [bold]{outcome.name}[/]")
        for words in (outcome.title, outcome.source, f"expected {outcome.expected}"):
            console.print(f"  {escape(words)}", highlight=False)
        console.print(f"  measured {escape(outcome.measured)}", highlight=False)
    seconds = sum(outcome.seconds for outcome in outcomes)
    right = len(outcomes) - len(wrong)
    console.print(
        f"{right} of {len(outcomes)} ok in {seconds:.1f} s; "
        + ", ".join(f"{name} {value}" for name, value in machine().items()),
        highlight=False,
    )
    return outcomes


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH)


def _row(outcome: Outcome) -> tuple[str, str, str, str]:
    colour = "green" if outcome.verdict == "ok" else "bold red"
    return (
        outcome.name,
        escape(outcome.expected),
        escape(outcome.measured),
        f"[{colour}]{outcome.verdict}[/]",
    )


@contextlib.contextmanager
def _progress(console: Console, total: int) -> Iterator[Callable[[str], None]]:
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("importing torch", total=total)
        yield lambda name: progress.update(task, advance=1, description=name)
