"""The table and the cells' short notes as Markdown, written between two markers of a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gradviz.cell_table.measure import SIZES, Row
from gradviz.config import CELL_NOTES, CELLS

BEGIN, END = "<!-- python -m gradviz cells -->", "<!-- end of cells -->"
HEADINGS = ("cell", "parameters", "time of a step", "horizon", "λ₁ per timestep")


class MarkerError(ValueError):
    """A page without the place for the table."""


def written(page: Path, rows: Sequence[Row], date: str, machine: Mapping[str, str]) -> None:
    """Put the table and the notes between the page's markers.

    Args:
        page: a Markdown file that has both markers, a line each.
        rows: of the table.
        date: on which they were measured.
        machine: on what, name to words.

    Raises:
        MarkerError: for a page that has not each marker once, in their order.
    """
    text = page.read_text("utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        raise MarkerError(f"{page} must have the lines {BEGIN} and {END}, once each.")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    body = "\n".join([*table(rows, date, machine), "", *notes()])
    page.write_text(f"{before}{BEGIN}\n\n{body}\n\n{END}{after}", "utf-8")


def table(rows: Sequence[Row], date: str, machine: Mapping[str, str]) -> Iterator[str]:
    """Lines of Markdown."""
    yield f"{SIZES}; measured on {date} with " + ", ".join(
        f"{name} {words}" for name, words in machine.items()
    )
    yield ""
    yield f"| {' | '.join(HEADINGS)} |"
    yield "|---" + "|---:" * (len(HEADINGS) - 1) + "|"
    for row in rows:
        yield f"| {' | '.join(cells_of(row))} |"


def cells_of(row: Row) -> tuple[str, ...]:
    """A row in words."""
    grows = "" if CELLS[row.variant.cell].is_recurrent else ", growing with T"
    return (
        row.variant.label,
        f"{row.parameters:,}{grows}",
        f"{row.time_ratio:.2f} ×",
        _horizon(row.horizon),
        _exponent(row.exponent),
    )


def _horizon(value: float) -> str:
    if math.isnan(value):
        return "no state"
    return "∞" if math.isinf(value) else f"{value:.0f}"


def _exponent(value: float) -> str:
    if math.isnan(value):
        return "–"
    return "0" if abs(value) < 0.0005 else f"{value:+.3f}".replace("-", "−")


def notes() -> Iterator[str]:
    """A section for each cell."""
    for name, spec in CELLS.items():
        note = CELL_NOTES[name]
        version = f" ({note.version})" if note.version else ""
        yield from (
            f'### {spec.label}: `cell="{name}"`',
            "",
            f"- Step: {note.equation}",
            f"- J_t: {note.jacobian}",
            f"- From {spec.paper}{version}. Parameters: {note.parameters}.",
            "",
        )
