"""`python -m gradviz check`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from gradviz.cli.terminal import console, json_line, machine, progress, quiet_when_nobody_reads

if TYPE_CHECKING:
    from gradviz.checks import Check, Outcome


@click.command()
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


def _run(checks: Sequence[Check]) -> Iterator[Outcome]:
    """One thread: a check is too small for two, which would get into each other's way."""
    import torch

    from gradviz.checks import run

    torch.set_num_threads(1)
    yield from map(run, checks)


def _lines(checks: Sequence[Check]) -> list[Outcome]:
    """First what will run and on what machine, then each outcome, then whether all is right."""
    outcomes = []
    with quiet_when_nobody_reads():
        json_line({"machine": machine(), "checks": [check.name for check in checks]})
        for outcome in _run(checks):
            outcomes.append(outcome)
            json_line(asdict(outcome))
    return outcomes


def _table(checks: Sequence[Check]) -> list[Outcome]:
    """A bar of progress while they run, then a table, then what is WRONG in full."""
    screen = console()
    with progress(screen, len(checks)) as advance:
        outcomes = []
        for outcome in _run(checks):
            outcomes.append(outcome)
            advance(outcome.name)
    table = Table("check", "expected", "measured", "verdict")
    for outcome in outcomes:
        table.add_row(*_row(outcome))
    screen.print(table)
    wrong = [outcome for outcome in outcomes if outcome.verdict == "WRONG"]
    for outcome in wrong:
        screen.print(f"[bold red]WRONG[/] [bold]{outcome.name}[/]")
        for words in (outcome.title, outcome.source, f"expected {outcome.expected}"):
            screen.print(f"  {escape(words)}", highlight=False)
        screen.print(f"  measured {escape(outcome.measured)}", highlight=False)
    seconds = sum(outcome.seconds for outcome in outcomes)
    right = len(outcomes) - len(wrong)
    screen.print(
        f"{right} of {len(outcomes)} ok in {seconds:.1f} s; "
        + ", ".join(f"{name} {value}" for name, value in machine().items()),
        highlight=False,
    )
    return outcomes


def _row(outcome: Outcome) -> tuple[str, str, str, str]:
    colour = "green" if outcome.verdict == "ok" else "bold red"
    return (
        outcome.name,
        escape(outcome.expected),
        escape(outcome.measured),
        f"[{colour}]{outcome.verdict}[/]",
    )
