"""`python -m gradviz limits`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gradviz.cli.terminal import console, print_table
from gradviz.config.limits import LIMITS, PROBLEMS, in_table, in_toml, variable
from gradviz.markdown import MarkerError, put_between, table

HEADINGS = ("Limit", "Is", "May be", "Of what")
BEGIN, END = "<!-- limits -->", "<!-- end of limits -->"


@click.command()
@click.option("--toml", "as_toml", is_flag=True, help="As a settings file, to be changed.")
@click.option(
    "--markdown",
    "page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Write the defaults' table into this page, between its markers.",
)
def limits(*, as_toml: bool, page: Path | None) -> None:
    """Show how much one session, run and file may take on this server.

    Set them in a TOML file that $GRADVIZ_LIMITS names, or one by one in the environment:
    GRADVIZ_LIMIT_STEPS=20000 is above what the file says of steps. docs/deploy.md has the table.

    Exit status: 0, or 2 when a setting is wrong; it has its default then.
    """
    if page:
        try:
            put_between(page, BEGIN, END, in_markdown())
        except MarkerError as error:
            raise click.ClickException(str(error)) from None
        click.echo(f"Written into {page}.")
    elif as_toml:
        click.echo(in_toml(LIMITS), nl=False)
    else:
        print_table(console(), HEADINGS, in_table(LIMITS))
    # What is wrong was said when gradviz was imported.
    sys.exit(2 if PROBLEMS else 0)


def in_markdown() -> list[str]:
    """The table of docs/deploy.md: the defaults, whatever holds here."""
    rows = [
        (f"`{name}`", value, span, f"`{variable(name)}`", text)
        for name, value, span, text in in_table(type(LIMITS)())
    ]
    return list(table(("limit", "default", "may be", "environment", "of what"), rows))
