"""The tables and the cells' short notes as Markdown, written between two markers of a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from gradviz.cell_table.in_words import HEADINGS, WRAPPER_HEADINGS, cells_of, cells_of_wrapper
from gradviz.cell_table.measure import SIZES, Row
from gradviz.cell_table.wrappers import WrapperRow
from gradviz.config import CELL_NOTES, CELLS

BEGIN, END = "<!-- python -m gradviz cells -->", "<!-- end of cells -->"
WRAPPERS_TITLE = "### Layers, directions, readouts"


class MarkerError(ValueError):
    """A page without the place for the table."""


def written(
    page: Path,
    rows: Sequence[Row],
    wrappers: Sequence[WrapperRow],
    date: str,
    machine: Mapping[str, str],
) -> None:
    """Put the tables and the notes between the page's markers.

    Args:
        page: a Markdown file that has both markers, a line each.
        rows: of the table of cells.
        wrappers: of that of layers, directions and readouts.
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
    how = f"{SIZES}; measured on {date} with " + ", ".join(
        f"{name} {words}" for name, words in machine.items()
    )
    cells = table(HEADINGS, map(cells_of, rows))
    around = table(WRAPPER_HEADINGS, map(cells_of_wrapper, wrappers))
    body = "\n".join([how, "", *cells, "", WRAPPERS_TITLE, "", *around, "", *notes()])
    page.write_text(f"{before}{BEGIN}\n\n{body}\n\n{END}{after}", "utf-8")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of Markdown: the first column to the left, the others to the right."""
    yield f"| {' | '.join(headings)} |"
    yield "|---" + "|---:" * (len(headings) - 1) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


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
