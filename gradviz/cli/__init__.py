"""`python -m gradviz`: what is done at a terminal, one file a command.

torch is imported when a command needs it, so that --help answers at once.
"""

from __future__ import annotations

import click

from gradviz import __version__
from gradviz.cli.cells import cells
from gradviz.cli.check import check
from gradviz.cli.lecture import lecture
from gradviz.cli.limits import limits
from gradviz.cli.remedies import remedies
from gradviz.cli.run import run
from gradviz.cli.runs import runs
from gradviz.cli.shots import shots

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """See gradients flow through recurrent networks."""


for _command in (run, runs, check, cells, lecture, remedies, shots, limits):
    main.add_command(_command)
