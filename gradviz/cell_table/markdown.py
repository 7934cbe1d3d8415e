"""The tables and the cells' short notes as Markdown, written between two markers of a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gradviz.cell_table.in_words import HEADINGS, WRAPPER_HEADINGS, cells_of, cells_of_wrapper
from gradviz.cell_table.measure import SIZES, Row
from gradviz.cell_table.wrappers import WrapperRow
from gradviz.config import CELL_NOTES, CELLS
from gradviz.markdown import measured_on, put_between, table

BEGIN, END = "<!-- python -m gradviz cells -->", "<!-- end of cells -->"
WRAPPERS_TITLE = "### Layers, directions, readouts"


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
    how = f"{SIZES}; {measured_on(date, machine)}"
    cells = table(HEADINGS, map(cells_of, rows))
    around = table(WRAPPER_HEADINGS, map(cells_of_wrapper, wrappers))
    lines = [how, "", *cells, "", WRAPPERS_TITLE, "", *around, "", *notes()]
    put_between(page, BEGIN, END, lines)


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
