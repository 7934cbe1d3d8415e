"""The chapters: every link opens what it says, every quote is what the page says."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from gradviz.reading import Reading
from gradviz.ui import recordings
from gradviz.ui.lessons import LESSONS
from gradviz.ui.stage import Stage
from gradviz.ui.talk import Talk

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md"))
LESSON_PAGES = sorted((DOCS / "lessons").glob("*.md"))
LINK = re.compile(r"http://127\.0\.0\.1:8501/(\w+)(?:\?([^\s)>\"]*))?")
PLACES = {"hide", "recorded", "lecture", "slide"}
"""Words of an address that are not settings."""


def links_of(text: str) -> list[tuple[str, str]]:
    """Page and query of each link, as a browser reads it."""
    return [(page, html.unescape(query)) for page, query in LINK.findall(text)]


def stage_of(page: str, query: str) -> Stage:
    """A page as a link opens it."""
    lesson = LESSONS[page]
    stage = Stage(key="a link", lesson=lesson, config=lesson.default)
    given = parse_qs(query, keep_blank_values=True)
    if asked := {name: values for name, values in given.items() if name not in PLACES}:
        lesson.take_query(stage, asked)
    return stage


def problems_of(page: str, query: str, talk: Talk) -> list[str]:
    """What a link asks for and cannot have; a talk keeps the lecture that it has read."""
    if page in LESSONS:
        return stage_of(page, query).problems
    if page == "lecture":
        talk.take_query(parse_qs(query))
        return talk.problems
    return []


def test_every_link_to_the_app_can_be_taken() -> None:
    links = {link for path in PAGES for link in links_of(path.read_text("utf-8"))}
    assert len(links) > 60
    assert {page for page, _ in links} <= {path.stem for path in (DOCS.parent / "pages").iterdir()}
    talk = Talk()
    found = {(page, query): problems_of(page, query, talk) for page, query in sorted(links)}
    assert not {link: problems for link, problems in found.items() if problems}


def test_a_link_that_asks_for_what_is_not_there_is_found() -> None:
    talk = Talk()
    assert problems_of("vanishing", "task=adding&recurrent_gain=99", talk)
    assert problems_of("remedies", "with=clip_nrom", talk)
    assert problems_of("cliff", "clip_threshold=1e9", talk)
    assert problems_of("lecture", "lecture=clipping&slide=99", talk)


def sections(path: Path) -> Iterator[tuple[list[tuple[str, str]], list[str]]]:
    """Of each section the links to the app, and the quotes, each as one line."""
    for section in re.split(r"^#+ ", path.read_text("utf-8"), flags=re.MULTILINE):
        quotes = re.findall(r"(?:^> .*\n?)+", section, re.MULTILINE)
        yield (
            links_of(section),
            [" ".join(re.sub(r"^> ", "", q, flags=re.M).split()) for q in quotes],
        )


def said_at(page: str, query: str) -> list[str]:
    """What a page says of the recorded run that it has for a link: as it opens, first, and last."""
    stage = stage_of(page, query)
    lesson = stage.lesson
    if lesson.read_extra:
        return [words(lesson.read_extra(stage.extra))]
    runs = recordings.runs_of(stage, recordings.covering(stage))
    return [words(lesson.read(runs, step)) for step in (lesson.recorded_at, 1, None) if runs]


def words(reading: Reading) -> str:
    return " ".join(reading.sentences)


@pytest.mark.parametrize("path", LESSON_PAGES, ids=lambda path: path.stem)
def test_what_a_chapter_quotes_is_what_the_page_says(path: Path) -> None:
    quoted = 0
    for links, quotes in sections(path):
        said = [each for page, query in links if quotes for each in said_at(page, query)]
        for quote in quotes:
            assert any(quote in each for each in said), quote
            quoted += 1
    assert quoted
