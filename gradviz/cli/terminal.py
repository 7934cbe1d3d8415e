"""What the commands share: a console, a bar, a table, the machine in words."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence

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


def print_table(screen: Console, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows of words under their headings."""
    table = Table(*headings)
    for row in rows:
        table.add_row(*row)
    screen.print(table)


@contextlib.contextmanager
def progress(screen: Console, total: int) -> Iterator[Callable[[str], None]]:
    """A bar; what it gives is called with the name of each thing that is done."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("importing torch", total=total)
        yield lambda name: bar.update(task, advance=1, description=name)
