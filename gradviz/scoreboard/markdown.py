"""The scoreboard as Markdown, written between two markers of a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gradviz.config.remedy_list import REMEDIES
from gradviz.history import RECENT
from gradviz.markdown import measured_on, put_between, table
from gradviz.reading.scoreboard import IN_WORDS
from gradviz.scoreboard.board import Board

BEGIN, END = "<!-- python -m gradviz remedies -->", "<!-- end of remedies -->"

_GOOD = ("cures", "helps")


def written(
    page: Path, boards: Sequence[Board], seeds: int, date: str, machine: Mapping[str, str]
) -> None:
    """Put the boards between the page's markers.

    Args:
        page: a Markdown file that has both markers, a line each.
        boards: one a disease.
        seeds: runs of each set-up.
        date: on which they were trained.
        machine: on what, name to words.

    Raises:
        MarkerError: for a page that has not each marker once, in their order.
    """
    put_between(page, BEGIN, END, _lines(boards, seeds, measured_on(date, machine)))


def _lines(boards: Sequence[Board], seeds: int, when: str) -> Iterator[str]:
    yield (
        f"{seeds} seeds of each; medians, with least and greatest in brackets. Losses are means of "
        f"the last {RECENT} steps; {when}."
    )
    yield from ("", "### Which remedy for which disease", "")
    yield from _overview(boards)
    for board in boards:
        tried = [score for score in board.scores if score.verdict != "refused"]
        left = [score for score in board.scores if score.verdict == "refused"]
        yield from ("", f"### {board.scenario.title}", "", board.scenario.text, "")
        rows = [score.cells() for score in tried]
        words = [row.pop(IN_WORDS) for row in rows]
        yield from table(list(rows[0]), ([*row.values()] for row in rows))
        yield ""
        yield from (f"- {row.label}: {told}" for row, told in zip(tried, words, strict=True))
        if left:
            yield from ("", "Not tried here:", "")
            yield from (f"- {score.label}: {score.sentence}" for score in left)


def _overview(boards: Sequence[Board]) -> Iterator[str]:
    """A line a remedy, a column a disease: what it came to."""
    by_label = [{score.label: score.verdict for score in board.scores} for board in boards]
    headings = ["Remedy", *(board.scenario.title for board in boards), "Good for"]
    rows = []
    for remedy in REMEDIES.values():
        verdicts = [each.get(remedy.label, "refused") for each in by_label]
        count = Counter(verdict in _GOOD for verdict in verdicts)[True]
        words = ["–" if each == "refused" else each for each in verdicts]
        rows.append([remedy.label, *words, str(count)])
    yield from table(headings, rows)
