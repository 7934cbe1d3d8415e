"""Talk: a lecture as it is given in one browser tab."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gradviz.config.shown import shown
from gradviz.lectures import Lecture, LectureError, Slide, find, load
from gradviz.ui.lesson import Query

_NUMBER = re.compile(r"-?[0-9]+")
_DIGITS = 9
"""More than these are read no further: the nearest slide is the last in any case."""


@dataclass
class Talk:
    """Which lecture, at which slide, and what was answered."""

    name: str = ""
    """Of the lecture; empty: none is given, the list is shown."""
    lecture: Lecture | None = None
    at: int = 1
    """The slide that is shown, from 1."""
    notes: bool = False
    """Whether the speaker's notes are shown."""
    narrow: bool = False
    """Whether the browser is as narrow as a phone."""
    chosen: dict[int, int] = field(default_factory=dict)
    """Slide to the position of the answer that was chosen there."""
    revealed: set[int] = field(default_factory=set)
    """Quizzes' slides on which the recorded run may be seen."""
    problems: list[str] = field(default_factory=list)
    """Sentences about what could not be opened; gone with the next slide."""
    handled: int = 0
    """Number of the last order from the buttons and keys that was obeyed."""

    @property
    def slides(self) -> Sequence[Slide]:
        """All of them; none without a lecture."""
        return self.lecture.slides if self.lecture else ()

    @property
    def slide(self) -> Slide:
        """The one that is shown, of a lecture that is given."""
        return self.slides[self.at - 1]

    @property
    def stage_key(self) -> str:
        """Of the slide's stage: each slide has its own, so that none shows another's runs."""
        return f"{STAGES}{self.name}_{self.at}"

    def go(self, to: int) -> None:
        """To a slide, or the nearest there is."""
        self.problems = []
        self.at = max(1, min(to, len(self.slides)))

    def open(self, name: str) -> None:
        """Begin a lecture at its first slide; without a good file the problems say why not."""
        self.end()
        try:
            self.lecture = load(find(name))
            self.name = name
        except LectureError as error:
            self.problems = error.problems

    def end(self) -> None:
        """Back to the list."""
        self.name, self.lecture, self.at = "", None, 1
        self.chosen, self.revealed, self.problems = {}, set(), []

    def take_query(self, query: Query) -> None:
        """What a URL asks for: `lecture` and `slide`. The lecture that is given goes on."""
        problems = [
            f"There is no setting named {shown(each)} here; it was ignored."
            for each in query
            if each not in {"lecture", "slide"}
        ]
        wanted = query.get("lecture", [])
        if len(wanted) > 1:
            problems.append(f"lecture must be given once, got {len(wanted)} values.")
            wanted = []
        name = wanted[0] if wanted else ""
        if not name:
            self.end()
        elif name != self.name:
            self.open(name)
        problems = [*self.problems, *problems]
        if self.lecture:
            to, wrong = _number(query.get("slide", ["1"]), len(self.slides))
            self.go(to)
            problems += wrong
        self.problems = problems

    def to_query(self) -> dict[str, str | list[str]]:
        """The URL of the slide."""
        return {"lecture": self.name, "slide": str(self.at)} if self.lecture else {}


STAGES = "lecture_"
"""How the keys of a lecture's stages begin."""


def _number(values: list[str], slides: int) -> tuple[int, list[str]]:
    """The slide asked for, or the nearest, and a sentence where it is not there."""
    got = shown(values[0]) if len(values) == 1 else f"{len(values)} values"
    known = len(values) == 1 and _NUMBER.fullmatch(values[0])
    number = int(values[0][:_DIGITS]) if known else None
    to = max(1, min(1 if number is None else number, slides))
    if to == number:
        return to, []
    return to, [f"slide must be a whole number, 1…{slides}, got {got}; slide {to} is shown."]
