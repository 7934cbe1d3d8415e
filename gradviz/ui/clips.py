"""Clips: which clips the Clipping page compares, at which thresholds, and how they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from gradviz.config import ConfigError, RunConfig
from gradviz.config.shown import shown
from gradviz.scenarios import Scenario
from gradviz.ui.lesson import Query, Setups
from gradviz.ui.stage import Stage

Kind = Literal["none", "norm", "value", "agc"]

KINDS: tuple[Kind, ...] = ("none", "norm", "value", "agc")
"""In the order of the pictures."""

THRESHOLDS: tuple[Kind, ...] = ("norm", "value", "agc")
"""Those that have one."""

FEWEST = 2
"""Clips that are compared, at least."""

_LABELS = {"none": "no clip", "norm": "norm {:g}", "value": "value {:g}", "agc": "AGC {:g}"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Clips:
    """The clips of the same run."""

    kinds: tuple[Kind, ...] = KINDS
    """Those that train."""
    norm: float = 1.0
    """Largest norm of all gradients together that passes."""
    value: float = 0.1
    """Largest entry that passes."""
    agc: float = 0.1
    """Largest share of a unit's weights' norm that its gradient may have."""
    looking: str = field(default="norm", compare=False)
    """Whose norms the threshold helper counts. Looking at another is no change."""
    percentile: int = field(default=90, compare=False)
    """Of these norms, the one whose threshold it offers."""


def clips(stage: Stage) -> Clips:
    """The stage's own settings beside its config."""
    assert isinstance(stage.extra, Clips)
    return stage.extra


def setups(stage: Stage) -> Setups:
    """Label to the one run of each clip."""
    now = clips(stage)
    return {label(now, kind): [_config(stage.config, now, kind)] for kind in now.kinds}


def threshold_of(now: Clips, kind: Kind) -> float:
    """At which a kind clips; of no clip what a RunConfig has where it is not used."""
    return float(getattr(now, kind)) if kind in THRESHOLDS else _unused("clip_threshold")


def switch(stage: Stage, kind: Kind, on: bool) -> None:
    """Train a clip, or leave it out; of two that are left, neither."""
    now = clips(stage)
    kinds = tuple(each for each in KINDS if (on if each == kind else each in now.kinds))
    if len(kinds) < FEWEST:
        stage.problems = [f"At least {FEWEST} clips must be on, for they are compared."]
    else:
        stage.take(stage.config, replace(now, kinds=kinds))


def set_threshold(stage: Stage, kind: Kind, value: float) -> bool:
    """Clip one kind at another threshold; False, with a sentence, where that cannot be."""
    try:
        RunConfig(clip_threshold=value)
    except ConfigError as error:
        stage.problems = [_about(kind, text) for text in error.problems.values()]
        return False
    stage.take(stage.config, with_thresholds(clips(stage), {kind: value}))
    return True


def look(stage: Stage, *, looking: str, percentile: int) -> None:
    """Have the threshold helper count the norms of another run, or offer another percentile."""
    stage.extra = replace(clips(stage), looking=looking, percentile=percentile)


def take_scenario(stage: Stage, scenario: Scenario) -> None:
    """The clips of a scenario's variants; what it does not clip keeps its threshold."""
    stage.take(common(scenario.config), of_scenario(scenario, clips(stage)))


def of_scenario(scenario: Scenario, now: Clips) -> Clips:
    """A scenario's clips; where it has no threshold, those of now."""
    variants = scenario.variants.values()
    kinds = {config.clip for config in variants}
    thresholds = {each.clip: each.clip_threshold for each in variants if each.clip in THRESHOLDS}
    now = replace(now, kinds=tuple(kind for kind in KINDS if kind in kinds))
    return with_thresholds(now, thresholds)


def common(config: RunConfig) -> RunConfig:
    """A config without its clip, which is not of all."""
    return config.replace(clip=_unused("clip"), clip_threshold=_unused("clip_threshold"))


def take_url(stage: Stage, query: Query) -> None:
    """The clips a URL asks for, over this page's own, and the settings of all."""
    given = dict(query)
    problems = [
        f"{name} must be given as kinds, norm, value or agc, since several clips are compared; "
        "it was ignored."
        for name in ("clip", "clip_threshold")
        if given.pop(name, None) is not None
    ]
    kinds, wrong = _kinds(given.pop("kinds", []))
    problems += wrong
    now = Clips(kinds=kinds)
    for kind in THRESHOLDS:
        if kind in given:
            value, wrong = _threshold(kind, given.pop(kind))
            now = now if value is None else with_thresholds(now, {kind: value})
            problems += wrong
    config, wrong = RunConfig.from_query(given)
    stage.take(config, now)
    stage.problems = wrong + problems


def url_of(stage: Stage) -> dict[str, str | list[str]]:
    """The query that opens the page with these clips."""
    now, default = clips(stage), Clips()
    query = dict(stage.config.to_query())
    if now.kinds != default.kinds:
        query["kinds"] = ",".join(now.kinds)
    for kind in THRESHOLDS:
        if getattr(now, kind) != getattr(default, kind):
            query[kind] = str(getattr(now, kind))
    # Without a query the page would open with its own settings.
    return {**(query or {"task": stage.config.task})}


def with_thresholds(now: Clips, thresholds: Mapping[Any, float]) -> Clips:
    """Clips at other thresholds, by kind."""
    changes: dict[str, Any] = {**thresholds}
    return replace(now, **changes)


def label(now: Clips, kind: Kind) -> str:
    """Of the run of a kind."""
    return _LABELS[kind].format(threshold_of(now, kind))


def _config(config: RunConfig, now: Clips, kind: Kind) -> RunConfig:
    return config.replace(clip=kind, clip_threshold=threshold_of(now, kind))


def _unused(name: str) -> Any:
    return RunConfig.model_fields[name].default


def _kinds(given: Sequence[str]) -> tuple[tuple[Kind, ...], list[str]]:
    if not given:
        return KINDS, []
    asked = given[0].split(",")
    kinds = tuple(kind for kind in KINDS if kind in asked)
    right = len(given) == 1 and len(kinds) == len(asked) and len(kinds) >= FEWEST
    if right:
        return kinds, []
    return KINDS, [
        f"kinds must be {FEWEST}…{len(KINDS)} of {', '.join(KINDS)}, with commas between them, "
        f"got {shown(' and '.join(given))}. All are used."
    ]


def _threshold(kind: Kind, given: list[str]) -> tuple[float | None, list[str]]:
    """The number, None where it cannot be, and why."""
    config, problems = RunConfig.from_query({"clip_threshold": given})
    found = None if problems else config.clip_threshold
    return found, [_about(kind, text) for text in problems]


def _about(kind: Kind, sentence: str) -> str:
    return sentence.replace("clip_threshold", kind, 1)
