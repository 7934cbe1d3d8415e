"""Lecture and Slide: what a lecture's file says, checked field by field."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from gradviz.config import ConfigError, RunConfig
from gradviz.lectures.pages import HIDEABLE, PICTURES, SET_UPS, WITHOUT_RUN, PageName
from gradviz.lectures.quiz import Quiz
from gradviz.lectures.shown import shown
from gradviz.lectures.strict import Line, MisfitError, Paragraphs, Strict, misfits
from gradviz.scenarios import SCENARIOS

Settings = dict[str, Any]
"""RunConfig fields and their values; RunConfig itself judges them."""


class Slide(Strict):
    """One picture of a lecture: what to do, what to look at, what runs."""

    title: Line = Field(min_length=1, max_length=60)
    do: Line = Field(min_length=1, max_length=200)
    """One sentence: what to do."""
    look: Line = Field(min_length=1, max_length=200)
    """One sentence: what to look at."""
    notes: Paragraphs = Field("", max_length=3000)
    """For the speaker alone."""
    page: PageName = "live_training"
    scenario: str | None = None
    """The run it starts from; None: the default run."""
    settings: Settings = Field(default_factory=dict)
    """What is changed in the scenario."""
    versus: tuple[Settings, ...] = Field((), max_length=3, validate_default=True)
    """On page compare: what each further set-up changes in the first."""
    seeds: int = Field(1, ge=1, le=10)
    """On page compare: runs of each set-up."""
    pictures: tuple[str, ...] = Field((), max_length=8)
    """The page's pictures that are shown; empty: all that it shows by itself."""
    hide: tuple[str, ...] = Field((), max_length=len(HIDEABLE))
    """Controls that are left out."""
    steps: int | None = Field(None, ge=1, le=100_000)
    """How far “Run it live” trains; None: as far as the page does."""
    quiz: Quiz | None = None

    @property
    def text(self) -> str:
        """The two sentences."""
        return f"{self.do} {self.look}"

    @property
    def config(self) -> RunConfig:
        """The run, or the first set-up."""
        return _base(self.scenario).replace(**self.settings)

    @property
    def set_ups(self) -> tuple[RunConfig, ...]:
        """The run, or on page compare all set-ups; the set-ups of page clipping are its own."""
        return (self.config, *(self.config.replace(**changes) for changes in self.versus))

    @field_validator("do", "look")
    @classmethod
    def _is_a_sentence(cls, text: str) -> str:
        if not text.rstrip("”»\"')").endswith((".", "?", "!", "…", "。", "？", "！")):
            raise MisfitError(
                f"must be a sentence with its full stop, got “… {shown(text[-20:])}”."
            )
        return text

    @field_validator("scenario", "settings", "versus", "seeds", "steps", "quiz")
    @classmethod
    def _has_a_run(cls, value: Any, info: ValidationInfo) -> Any:
        page = info.data.get("page", "")
        if page in WITHOUT_RUN and value != ():
            raise MisfitError(f"must be left out on page {page}, which trains nothing.")
        if info.field_name in ("versus", "seeds") and page not in ("compare", "") and value != ():
            raise MisfitError(f"must be left out on page {page}; only compare has it.")
        if info.field_name == "versus" and page == "compare" and not value:
            raise MisfitError("must name one to three set-ups to compare with.")
        return value

    @field_validator("scenario")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        return name if name is None else _one_of(tuple(SCENARIOS), name)

    @field_validator("settings")
    @classmethod
    def _fit_the_scenario(cls, settings: Settings, info: ValidationInfo) -> Settings:
        if "scenario" in info.data:
            problems = _problems(_base(info.data["scenario"]), settings)
            if problems:
                raise misfits(problems)
        return settings

    @field_validator("versus")
    @classmethod
    def _fit_the_first(
        cls, versus: tuple[Settings, ...], info: ValidationInfo
    ) -> tuple[Settings, ...]:
        if "scenario" in info.data and "settings" in info.data:
            first = _base(info.data["scenario"]).replace(**info.data["settings"])
            problems = {
                (position, *place): words
                for position, changes in enumerate(versus)
                for place, words in _problems(first, changes).items()
            }
            if problems:
                raise misfits(problems)
        return versus

    @field_validator("pictures")
    @classmethod
    def _are_the_pages(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known = PICTURES.get(info.data.get("page", ""))
        return _each_one_of(known, names) if known else names

    @field_validator("hide")
    @classmethod
    def _can_be_hidden(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _each_one_of(HIDEABLE, names)

    @field_validator("quiz")
    @classmethod
    def _will_be_decided(cls, quiz: Quiz | None, info: ValidationInfo) -> Quiz | None:
        if quiz is None or "steps" not in info.data or "page" not in info.data:
            return quiz
        problems: dict[tuple[str | int, ...], str] = {}
        steps = info.data["steps"] or 1
        if quiz.after > steps:
            problems["after",] = f"must be at most steps, {steps}, got {quiz.after}."
        page = info.data["page"]
        there = SET_UPS.get(page, 1 + len(info.data.get("versus", ())))
        if quiz.set_up > there:
            problems["set_up",] = (
                f"must be at most the slide's set-ups, {there}, got {quiz.set_up}."
            )
        if problems:
            raise misfits(problems)
        return quiz


class Lecture(Strict):
    """An ordered script of slides."""

    title: Line = Field(min_length=1, max_length=100)
    author: Line = Field("", max_length=100)
    language: str = Field("en", pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")
    """A tag as HTML's `lang` has it."""
    slides: tuple[Slide, ...] = Field(min_length=1, max_length=100)


def _base(scenario: str | None) -> RunConfig:
    return RunConfig() if scenario is None else SCENARIOS[scenario].config


def _problems(base: RunConfig, changes: Settings) -> dict[tuple[str | int, ...], str]:
    """Place below the changes → what is wrong there, in RunConfig's words."""
    try:
        base.replace(**changes)
    except ConfigError as error:
        return {
            ((name,) if name in changes else ()): words.removeprefix(f"{name} ")
            for name, words in error.problems.items()
        }
    return {}


def _one_of(known: tuple[str, ...], name: str) -> str:
    if name not in known:
        raise MisfitError(f"must be one of {', '.join(known)}, got “{shown(name)}”.")
    return name


def _each_one_of(known: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    problems: dict[tuple[str | int, ...], str] = {}
    for position, name in enumerate(names):
        if name not in known:
            problems[position,] = f"must be one of {', '.join(known)}, got “{shown(name)}”."
        elif name in names[:position]:
            problems[position,] = f"must be named once, got “{name}” again."
    if problems:
        raise misfits(problems)
    return names
