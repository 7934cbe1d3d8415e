"""Treatment: the remedies that the Remedies page tries, and the runs that these ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Any, Literal

from gradviz.config import ConfigError, RunConfig
from gradviz.config.remedy_list import REMEDIES, Trial, treated, trial
from gradviz.config.shown import shown
from gradviz.runner import RUNS_AN_OWNER
from gradviz.scenarios import Scenario, on_page
from gradviz.ui.lesson import Query, Setups
from gradviz.ui.session import runner
from gradviz.ui.stage import Stage

Together = Literal["no", "also", "only"]

TOGETHER: Mapping[Together, str] = MappingProxyType(
    {"no": "each alone", "also": "alone and together", "only": "all together"}
)
"""How the remedies are taken, in words."""

UNTREATED = "Untreated"
"""The label of the set-up without remedies."""

MOST_SEEDS = 5
LEAST_STEPS, MOST_STEPS = 20, 10_000
OWN_STEPS = 300
"""Of a set-up that is none of the diseases."""

MOST_PROBLEMS = 4
"""Sentences about remedies that a URL names and that there are not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Treatment:
    """What is tried on the stage's config."""

    remedies: tuple[str, ...] = ()
    """Names, in the order of REMEDIES."""
    together: Together = "no"
    seeds: int = 3
    """Trained of each set-up, from the config's own seed upwards."""
    steps: int | None = None
    """That each run takes; None: as the disease says."""


def treatment(stage: Stage) -> Treatment:
    """The stage's own settings beside its config."""
    assert isinstance(stage.extra, Treatment)
    return stage.extra


def courses(now: Treatment) -> list[tuple[str, ...]]:
    """The remedies that are taken at a time."""
    alone: list[tuple[str, ...]] = [(name,) for name in now.remedies]
    if now.together == "no" or len(now.remedies) < 2:
        return alone
    return [*(alone if now.together == "also" else []), now.remedies]


@lru_cache(maxsize=256)
def planned(config: RunConfig, now: Treatment) -> Trial:
    """The runs to be made; what finds no room beside the others is refused with a sentence."""
    whole = trial(config, courses(now), now.seeds)
    fits = dict(islice(whole.treated.items(), most_courses(now)))
    sentence = (
        f"Left out: {RUNS_AN_OWNER} runs have room, {now.seeds} of each set-up. Tick fewer "
        "remedies or choose fewer seeds."
    )
    left = {label: sentence for label in whole.treated if label not in fits}
    return Trial(untreated=whole.untreated, treated=fits, refused=whole.refused | left)


def most_courses(now: Treatment) -> int:
    """So many have room beside the set-up without remedies."""
    return RUNS_AN_OWNER // now.seeds - 1


def plan_of(stage: Stage) -> Trial:
    """As the stage is set."""
    return planned(stage.config, treatment(stage))


def setups(stage: Stage) -> Setups:
    """Label to configs, one a seed; the untreated first."""
    plan = plan_of(stage)
    return {UNTREATED: plan.untreated, **plan.treated}


@lru_cache(maxsize=64)
def refusals(config: RunConfig) -> Mapping[str, str]:
    """The remedies that cannot be tried alone on a set-up, each with the sentence why."""
    return MappingProxyType({name: why for name in REMEDIES if (why := _refusal(config, name))})


def usual_steps(config: RunConfig) -> int:
    """Steps of each run where nobody asked for others."""
    diseases = on_page("remedies").values()
    return next((each.steps for each in diseases if each.config == config), OWN_STEPS)


def steps_of(stage: Stage) -> int:
    """That each run is to take."""
    return treatment(stage).steps or usual_steps(stage.config)


def goal(stage: Stage) -> int:
    """Where all runs end: at their steps, or with the one that has gone further."""
    reached = [steps_of(stage)]
    for name in stage.ids:
        with runner().reading(name) as view:
            reached.append(view.history.last_step if view else 0)
    return max(reached)


def tick(stage: Stage, names: Iterable[str]) -> None:
    """Try these remedies, and no others."""
    chosen = set(names)
    ordered = tuple(name for name in REMEDIES if name in chosen)
    stage.take(stage.config, replace(treatment(stage), remedies=ordered))


def change(stage: Stage, **settings: Any) -> None:
    """Set how the remedies are taken, seeds or steps."""
    if settings.get("steps") == usual_steps(stage.config):
        settings["steps"] = None
    stage.take(stage.config, replace(treatment(stage), **settings))


def take_scenario(stage: Stage, scenario: Scenario) -> None:
    """Another disease, with its own number of steps; the ticks stay."""
    stage.take(scenario.config, replace(treatment(stage), steps=None))


def is_scenario(stage: Stage, scenario: Scenario) -> bool:
    """Whether a disease is the one that is treated, with whatever."""
    return stage.config == scenario.config


def take_url(stage: Stage, query: Query) -> None:
    """The set-up and the remedies a URL asks for."""
    given = dict(query)
    names, problems = _remedies(given.pop("with", []))
    together, wrong = _together(given.pop("together", []))
    problems += wrong
    seeds, wrong = _whole("seeds", given.pop("seeds", []), 1, MOST_SEEDS)
    problems += wrong
    steps, wrong = _whole("steps", given.pop("steps", []), LEAST_STEPS, MOST_STEPS)
    problems += wrong
    config, wrong = RunConfig.from_query(given)
    now = Treatment(
        remedies=names,
        together=together,
        seeds=seeds or Treatment().seeds,
        steps=None if steps == usual_steps(config) else steps,
    )
    stage.take(config, now)
    stage.problems = wrong + problems


def url_of(stage: Stage) -> dict[str, str | list[str]]:
    """The query that opens the page with this treatment."""
    now, usual = treatment(stage), Treatment()
    query: dict[str, str | list[str]] = dict(stage.config.to_query())
    if now.remedies:
        query["with"] = ",".join(now.remedies)
    if now.together != usual.together:
        query["together"] = now.together
    if now.seeds != usual.seeds:
        query["seeds"] = str(now.seeds)
    if now.steps:
        query["steps"] = str(now.steps)
    return query


def _refusal(config: RunConfig, name: str) -> str:
    try:
        treated(config, (name,))
    except ConfigError as error:
        return " ".join(error.problems.values())
    return ""


def _remedies(given: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    asked = [name for text in given for name in text.split(",") if name]
    unknown = list(dict.fromkeys(name for name in asked if name not in REMEDIES))
    problems = [
        f"with must be names of remedies with commas between them, got {shown(name)}; it is left "
        "out."
        for name in unknown[:MOST_PROBLEMS]
    ]
    if len(unknown) > MOST_PROBLEMS:
        problems.append(f"with has {len(unknown) - MOST_PROBLEMS:,} more unknown names, left out.")
    return tuple(name for name in REMEDIES if name in asked), problems


def _together(given: Sequence[str]) -> tuple[Together, list[str]]:
    for known in TOGETHER:
        if list(given) == [known]:
            return known, []
    if not given:
        return "no", []
    return "no", [
        f"together must be one of {', '.join(TOGETHER)}, got {shown(' and '.join(given))}. "
        "The default is used."
    ]


def _whole(name: str, given: Sequence[str], low: int, high: int) -> tuple[int | None, list[str]]:
    """The number, None where there is none, and why."""
    if not given:
        return None, []
    text = given[0]
    # int() also reads "1_0" and digits of other scripts, and refuses 5,000 digits by raising.
    is_number = len(given) == 1 and text.isascii() and text.isdigit() and len(text) <= 6
    if is_number and low <= int(text) <= high:
        return int(text), []
    return None, [
        f"{name} must be a whole number, {low}…{high}, got {shown(' and '.join(given))}. "
        "The default is used."
    ]
