"""What a picture of the documentation is of: one picture of a lesson, or a page."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gradviz.exports.stamped import Theme

THEMES: tuple[Theme, ...] = ("light", "dark")


class ShotError(Exception):
    """Why a picture cannot be made, in a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureShot:
    """One picture of a lesson, of a scenario's recorded run."""

    page: str
    """The lesson's name."""
    picture: str
    """By its name on the page."""
    scenario: str = ""
    """Empty for a page without runs."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Settings of the page beside the scenario's."""

    @property
    def name(self) -> str:
        """Of its files, without theme and ending."""
        return f"{self.scenario or self.page}.{self.picture}"

    @property
    def words(self) -> tuple[str, ...]:
        """By what `--only` finds it."""
        return self.name, self.scenario, self.picture, self.page


@dataclass(frozen=True, kw_only=True, slots=True)
class PageShot:
    """A page as a browser shows it."""

    page: str
    """Its file's name in pages/; "home" is app.py."""
    title: str
    says: str
    """What is seen, in a sentence."""
    query: Mapping[str, str] = field(default_factory=dict)
    press: str = ""
    """The button that is pressed before, by its words."""
    until: str = ""
    """The text that is waited for then."""
    changing: Mapping[str, str] = field(default_factory=dict)
    """Words that differ from time to time, as a regular expression, to those that stand there."""
    width: int = 1280
    least: int = 900
    """px of height, where the page is shorter."""
    most: int = 2000
    """px of height that are shown of a longer page."""

    @property
    def is_narrow(self) -> bool:
        """Whether it is as wide as a phone."""
        return self.width < 640

    @property
    def name(self) -> str:
        """Of its files, without theme and ending."""
        return f"page.{self.page}" + (".narrow" if self.is_narrow else "")

    @property
    def path(self) -> str:
        """Of its address, without the query."""
        return "" if self.page == "home" else self.page

    @property
    def file(self) -> str:
        """Of its program, from the folder of the app."""
        return "app.py" if self.page == "home" else f"pages/{self.page}.py"

    @property
    def words(self) -> tuple[str, ...]:
        """By what `--only` finds it."""
        return self.name, "page"


Shot = PictureShot | PageShot


def file_of(shot: Shot, theme: Theme) -> str:
    """The name of a picture's file."""
    return f"{shot.name}.{theme}.png"


def chosen(shots: Iterable[Shot], words: Sequence[str]) -> list[Shot]:
    """The shots that any word names, in their order; all without words.

    Args:
        shots: to choose of.
        words: names or globs of a shot, its scenario, its picture or its page.

    Raises:
        ShotError: for a word that names none.
    """
    shots = list(shots)
    for word in words:
        if not any(_is_named(shot, word) for shot in shots):
            raise ShotError(f"{word} must name a picture, a scenario or a page; see --list.")
    return [s for s in shots if not words or any(_is_named(s, word) for word in words)]


def _is_named(shot: Shot, word: str) -> bool:
    return any(fnmatch.fnmatchcase(name, word) for name in shot.words if name)
