"""Lecture and Slide: what a lecture's file says, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from gradviz.config import ConfigError, RunConfig
from gradviz.config.setups import labels
from gradviz.lectures.pages import HIDEABLE, PICTURES, SEVERAL, WITHOUT_RUN, PageName
from gradviz.lectures.quiz import Quiz
from gradviz.lectures.shown import shown
from gradviz.lectures.strict import Line, MisfitError, Paragraphs, Strict, misfits
from gradviz.scenarios import SCENARIOS

MOST_NAMED = 12
"""Names that a sentence lists; of more it names the nearest."""

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
    """On a page of several set-ups: what each further one changes in the first."""
    seeds: int = Field(1, ge=1, le=10)
    """On page compare: runs of each set-up, with one seed each."""
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
        return next(iter(self.set_ups.values()))

    @property
    def set_ups(self) -> Mapping[str, RunConfig]:
        """Label to config of each set-up; one run alone has the label ""."""
        changed = {
            label: config.replace(**self.settings)
            for label, config in _variants(self.scenario).items()
        }
        if not self.versus:
            return changed
        first = next(iter(changed.values()))
        configs = [first, *(first.replace(**changes) for changes in self.versus)]
        return dict(zip(labels(configs), configs, strict=True))

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
        return value

    @field_validator("seeds")
    @classmethod
    def _are_compared(cls, seeds: int, info: ValidationInfo) -> int:
        page = info.data.get("page", "compare")
        if page != "compare":
            raise MisfitError(f"must be left out on page {page}; only compare has it.")
        return seeds

    @field_validator("scenario")
    @classmethod
    def _is_known(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is None:
            return None
        several = len(_variants(_one_of(tuple(SCENARIOS), name))) > 1
        if several and info.data.get("page", "compare") not in SEVERAL:
            raise MisfitError(
                f"must be a scenario of one run on this page, got “{name}”, which has several."
            )
        return name

    @field_validator("settings")
    @classmethod
    def _fit_the_scenario(cls, settings: Settings, info: ValidationInfo) -> Settings:
        if "scenario" in info.data:
            for config in _variants(info.data["scenario"]).values():
                problems = _problems(config, settings)
                if problems:
                    raise misfits(problems)
        return settings

    @field_validator("versus")
    @classmethod
    def _fit_the_first(
        cls, versus: tuple[Settings, ...], info: ValidationInfo
    ) -> tuple[Settings, ...]:
        if not {"page", "scenario", "settings"} <= set(info.data):
            return versus
        variants = list(_variants(info.data["scenario"]).values())
        _one_source(info.data["page"], len(variants), len(versus))
        if versus:
            first = variants[0].replace(**info.data["settings"])
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
        if quiz is None or "steps" not in info.data:
            return quiz
        problems: dict[tuple[str | int, ...], str] = {}
        steps = info.data["steps"] or 1
        if quiz.after > steps:
            problems["after",] = f"must be at most steps, {steps}, got {quiz.after}."
        if {"scenario", "versus"} <= set(info.data):
            there = len(info.data["versus"]) + len(_variants(info.data["scenario"]))
            if quiz.set_up > there:
                problems["set_up",] = f"must be at most {there} on this slide, got {quiz.set_up}."
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


def _variants(scenario: str | None) -> Mapping[str, RunConfig]:
    return {"": RunConfig()} if scenario is None else SCENARIOS[scenario].variants


def _one_source(page: str, variants: int, versus: int) -> None:
    """Several set-ups come from the scenario or from `versus`, on the pages that show several."""
    if versus and page not in SEVERAL:
        raise MisfitError(f"must be left out on page {page}, which shows one run.")
    if versus and variants > 1:
        raise MisfitError("must be left out: the scenario has set-ups of its own.")
    if page in SEVERAL and not versus and variants == 1:
        raise MisfitError("must name one to three set-ups to compare with.")


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
        raise MisfitError(_must_be(known, name))
    return name


def _must_be(known: tuple[str, ...], name: str) -> str:
    """Of many names, those that are nearest to what was written."""
    if len(known) <= MOST_NAMED:
        return f"must be one of {', '.join(known)}, got “{shown(name)}”."
    near = get_close_matches(name, known, cutoff=0.0)
    return f"must be one of {len(known)} names, such as {', '.join(near)}, got “{shown(name)}”."


def _each_one_of(known: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    problems: dict[tuple[str | int, ...], str] = {}
    for position, name in enumerate(names):
        if name not in known:
            problems[position,] = _must_be(known, name)
        elif name in names[:position]:
            problems[position,] = f"must be named once, got “{name}” again."
    if problems:
        raise misfits(problems)
    return names
