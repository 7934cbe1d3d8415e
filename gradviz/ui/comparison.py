"""Comparison: the set-ups of the Compare page beside the first, and how they change together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlencode

from gradviz.config import ConfigError, RunConfig
from gradviz.config.setups import MOST_SETUPS, from_query, labels, to_query
from gradviz.config.shown import shown
from gradviz.scenarios import Scenario
from gradviz.ui.lesson import Query, Setups
from gradviz.ui.stage import Stage

SHARED = (
    "task",
    "seq_len",
    "batch_size",
    "seed",
    "dtype",
    "device",
    "probe_size",
    "record_every",
)
"""Settings that all set-ups share: the same data, measured alike."""

_SEED_END = 2**31


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What is compared with the stage's config, which is the first set-up."""

    others: tuple[RunConfig, ...] = ()
    """The further set-ups, in the order of the pictures."""
    seeds: int = 1
    """Trained of each set-up, from its own seed upwards."""
    editing: int = field(default=0, compare=False, repr=False)
    """Place of the set-up whose settings the controls show. Looking at another is no change."""


def comparison(stage: Stage) -> Comparison:
    """The stage's own settings beside its config."""
    assert isinstance(stage.extra, Comparison)
    return stage.extra


def configs_of(stage: Stage) -> list[RunConfig]:
    """The set-ups in their order, each with its first seed."""
    return [stage.config, *comparison(stage).others]


def editing(stage: Stage) -> int:
    """Place of the set-up that is edited."""
    return min(comparison(stage).editing, len(comparison(stage).others))


def setups(stage: Stage) -> Setups:
    """Label to configs, one a seed."""
    configs, count = configs_of(stage), comparison(stage).seeds
    return {
        label: [config, *(_reseeded(config, n) for n in range(1, count))]
        for label, config in zip(labels(configs), configs, strict=True)
    }


def edit(stage: Stage, place: int) -> None:
    """Have the controls show another set-up."""
    stage.extra = replace(comparison(stage), editing=place)


def take(stage: Stage, configs: Sequence[RunConfig], *, seeds: int, editing: int) -> None:
    """Set all set-ups at once; can be undone."""
    first, *others = configs
    stage.take(first, Comparison(others=tuple(others), seeds=seeds, editing=editing))
    # One that differs in nothing but what is looked at is no change, and so was not taken.
    edit(stage, editing)


def change_all(stage: Stage, **settings: Any) -> bool:
    """Set something in every set-up, or in none, with a sentence for each that refuses it."""
    configs, problems = [], []
    for label, config in zip(labels(configs_of(stage)), configs_of(stage), strict=True):
        try:
            configs.append(config.replace(**settings))
        except ConfigError as error:
            problems += [f"{label}: {sentence}" for sentence in error.problems.values()]
    if problems:
        stage.problems = problems
        return False
    _take(stage, configs)
    return True


def change_one(stage: Stage, place: int, **settings: Any) -> bool:
    """Set something in one set-up; False, with a sentence in `problems`, where it cannot be."""
    configs = configs_of(stage)
    if place >= len(configs):
        return False
    try:
        configs[place] = configs[place].replace(**settings)
    except ConfigError as error:
        stage.problems = list(error.problems.values())
        return False
    _take(stage, configs)
    return True


def set_seeds(stage: Stage, count: int) -> None:
    """Train so many seeds of each set-up."""
    stage.take(stage.config, replace(comparison(stage), seeds=count))


def add(stage: Stage) -> None:
    """A further set-up, at first a copy of the edited one, and edit it."""
    configs = configs_of(stage)
    if len(configs) < MOST_SETUPS:
        _take(stage, [*configs, configs[editing(stage)]], editing=len(configs))


def remove(stage: Stage, place: int) -> None:
    """One set-up less; the last one stays."""
    configs = configs_of(stage)
    if len(configs) > 1 and place < len(configs):
        del configs[place]
        _take(stage, configs, editing=max(place - 1, 0))


def take_scenario(stage: Stage, scenario: Scenario) -> None:
    """All variants of a scenario; the number of seeds stays."""
    _take(stage, list(scenario.variants.values()), editing=0)


def take_url(stage: Stage, query: Query) -> None:
    """The set-ups a URL asks for; what would make their data differ is not taken."""
    further, refused = _without_shared(query.get("vs", []))
    given = query | ({"vs": further} if further else {})
    configs, seeds, problems = from_query(given)
    take(stage, configs, seeds=seeds, editing=0)
    stage.problems = problems + refused


def url_of(stage: Stage) -> dict[str, str | list[str]]:
    """The query that opens the page with these set-ups."""
    query = to_query(configs_of(stage), comparison(stage).seeds)
    # Without a query the page would open with its own set-ups.
    query = query or {"task": [stage.config.task]}
    return {name: values[0] if len(values) == 1 else values for name, values in query.items()}


def _take(stage: Stage, configs: Sequence[RunConfig], *, editing: int | None = None) -> None:
    now = comparison(stage)
    take(stage, configs, seeds=now.seeds, editing=now.editing if editing is None else editing)


def _reseeded(config: RunConfig, more: int) -> RunConfig:
    return config.replace(seed=(config.seed + more) % _SEED_END)


def _without_shared(further: Sequence[str]) -> tuple[list[str], list[str]]:
    """The values of `vs` without the settings that all share, and a sentence for each left out."""
    kept, refused = [], []
    for place, text in enumerate(further[: MOST_SETUPS - 1], start=2):
        given = parse_qs(text.lstrip("?"), keep_blank_values=True)
        refused += [
            f"Set-up {place}: {name} must be the same in all set-ups, got {shown(given[name][0])}. "
            "The first set-up's is used."
            for name in SHARED
            if name in given
        ]
        own = {name: values for name, values in given.items() if name not in SHARED}
        kept.append(urlencode(own, doseq=True))
    return [*kept, *further[MOST_SETUPS - 1 :]], refused
