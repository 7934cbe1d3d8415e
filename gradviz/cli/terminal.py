"""What the commands share: a console, a bar, a table, the machine in words."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from gradviz import __version__

PIPE_WIDTH = 120
"""Columns of a table that goes into a file or a pipe."""


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


def console() -> Console:
    """As wide as the terminal."""
    screen = Console()
    return screen if screen.is_terminal else Console(width=PIPE_WIDTH)


def leave(status: int, sentence: str) -> NoReturn:
    """End the command with a sentence and an exit status."""
    click.echo(sentence, err=True)
    sys.exit(status)


def json_line(content: Mapping[str, object]) -> None:
    """One object, at once."""
    print(json.dumps(content), flush=True)


@contextlib.contextmanager
def quiet_when_nobody_reads() -> Iterator[None]:
    """The reader of a pipe is gone (a page that was closed, `head`): end, without a traceback."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def print_table(screen: Console, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows of words under their headings."""
    table = Table(*headings)
    for row in rows:
        table.add_row(*row)
    screen.print(table)


@contextlib.contextmanager
def progress(
    screen: Console, total: int, first: str = "importing torch"
) -> Iterator[Callable[[str], None]]:
    """A bar; what it gives is called with the name of each thing that is done."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task(first, total=total)
        yield lambda name: bar.update(task, advance=1, description=name)
