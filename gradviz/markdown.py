"""Tables of measurements in pages of documentation, between two markers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path


class MarkerError(ValueError):
    """A page without the place for what is to be written."""


def put_between(page: Path, begin: str, end: str, lines: Iterable[str]) -> None:
    """Replace what stands between a page's markers.

    Args:
        page: a Markdown file that has both markers, a line each.
        begin: the first marker.
        end: the second.
        lines: what is to stand between them.

    Raises:
        MarkerError: for a page that has not each marker once, in their order.
    """
    text = page.read_text("utf-8")
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
        raise MarkerError(f"{page} must have the lines {begin} and {end}, once each.")
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    body = "\n".join(lines)
    page.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}", "utf-8")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of Markdown: the first column to the left, the others to the right."""
    yield f"| {' | '.join(headings)} |"
    yield "|---" + "|---:" * (len(headings) - 1) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def measured_on(date: str, machine: Mapping[str, str]) -> str:
    """When and on what, as the end of a sentence."""
    words = ", ".join(f"{name} {words}" for name, words in machine.items())
    return f"measured on {date} with {words}"
