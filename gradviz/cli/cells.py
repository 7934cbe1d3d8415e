"""`python -m gradviz cells`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from gradviz.cli.terminal import console, machine, print_table, progress
from gradviz.markdown import MarkerError


@click.command()
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
    screen = console()
    around = () if names else cell_table.WRAPPERS
    steps = cell_table.work(chosen, rounds) + cell_table.work(around, rounds)
    with progress(screen, steps) as advance:
        rows = cell_table.measured(chosen, rounds=rounds, seeds=seeds, advance=advance)
        wrappers = cell_table.wrappers_measured(around, rounds=rounds, seeds=seeds, advance=advance)
    print_table(screen, cell_table.HEADINGS, map(cell_table.cells_of, rows))
    if wrappers:
        words = map(cell_table.cells_of_wrapper, wrappers)
        print_table(screen, cell_table.WRAPPER_HEADINGS, words)
    screen.print(cell_table.SIZES, highlight=False)
    if page:
        try:
            cell_table.written(page, rows, wrappers, time.strftime("%Y-%m-%d"), machine())
        except MarkerError as error:
            raise click.ClickException(str(error)) from None
        click.echo(f"Written into {page}.")
