"""In which lessons saved runs can be opened, as stills on the settings they were trained with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gradviz.config import ConfigError, RunConfig
from gradviz.config.remedy_list import REMEDIES as TREATMENTS
from gradviz.config.remedy_list import label, treated
from gradviz.config.setups import MOST_SETUPS, is_used, labels
from gradviz.config.words import label_of
from gradviz.store import RunInfo
from gradviz.ui import clips, comparison, treatment
from gradviz.ui.lesson import Lesson
from gradviz.ui.lessons import CLIPPING, COMPARE, GATES, LIVE_TRAINING, REMEDIES, VANISHING


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """What a lesson's stage is set to, and the runs that it shows then."""

    config: RunConfig
    extra: Any = None
    """The lesson's own settings; None leaves them as they are."""
    stored: Mapping[str, int]
    """Label of a set-up to the id of its run."""


Chosen = Sequence[tuple[RunInfo, RunConfig]]
"""The runs to be opened, the oldest first, with their settings."""


def opening(lesson: Lesson, runs: Sequence[RunInfo]) -> Opening | str:
    """How runs open in a lesson, or the sentence why they do not.

    Args:
        lesson: of HOW.
        runs: at least one.
    """
    known = [(run, run.config) for run in runs if isinstance(run.config, RunConfig) and run.steps]
    if len(known) < len(runs):
        return _unknown(runs)
    return HOW[lesson.name](sorted(known, key=lambda each: each[0].run_id))


def _unknown(runs: Sequence[RunInfo]) -> str:
    many = len(runs) > 1
    if not all(run.steps for run in runs):
        return f"No step of {'one of them' if many else 'it'} is in the file yet."
    if any(run.config is None for run in runs):
        return "Its settings are none that this gradviz knows, so a page cannot be set to them."
    return (
        f"{'One of them' if many else 'It'} is of a model of your own, which has no settings that "
        "a page could train on with. Its pictures are below."
    )


def _alone(chosen: Chosen) -> Opening | str:
    if len(chosen) > 1:
        return "This page shows one run; tick one."
    ((run, config),) = chosen
    return Opening(config=config, stored={"": run.run_id})


def _clipped(chosen: Chosen) -> Opening | str:
    """Runs of one set-up, each of another kind of clip."""
    configs = [config for _, config in chosen]
    first = clips.common(configs[0])
    others = _differing([clips.common(each) for each in configs])
    if others:
        return f"This page shows runs that differ in their clip alone; these differ in {others}."
    kinds = [config.clip for config in configs]
    if len(set(kinds)) < len(kinds):
        return "This page shows one run of each kind of clip; of these two have the same."
    thresholds = {each.clip: each.clip_threshold for each in configs if each.clip != "none"}
    # Beside a run that is alone the page has another, not trained yet: it compares.
    shown = {*kinds, "none" if kinds != ["none"] else "norm"} if len(kinds) == 1 else {*kinds}
    now = clips.with_thresholds(
        clips.Clips(kinds=tuple(kind for kind in clips.KINDS if kind in shown)), thresholds
    )
    stored = {clips.label(now, config.clip): run.run_id for run, config in chosen}
    return Opening(config=first, extra=now, stored=stored)


def _compared(chosen: Chosen) -> Opening | str:
    """Set-ups on the same data."""
    if not 2 <= len(chosen) <= MOST_SETUPS:
        return f"This page shows two to {MOST_SETUPS} runs; tick so many."
    configs = [config for _, config in chosen]
    others = _differing(configs, comparison.SHARED)
    if others:
        return (
            f"This page trains its set-ups on the same data; these differ in {others}. They are "
            "compared below."
        )
    first, *more = configs
    return Opening(
        config=first,
        extra=comparison.Comparison(others=tuple(more)),
        stored={name: run.run_id for name, (run, _) in zip(labels(configs), chosen, strict=True)},
    )


def _treated(chosen: Chosen) -> Opening | str:
    """One run to be treated; several, if one is untreated and each other has one remedy."""
    for run, config in chosen:
        others = {each.run_id: _remedy(config, of) for each, of in chosen if each is not run}
        names = list(others.values())
        if all(names) and len(set(names)) == len(names):
            return _on_trial(run, config, others, min(each.steps for each, _ in chosen))
    return (
        "This page shows a run and others of the same seed that differ from it by one remedy "
        "each; these do not."
    )


def _on_trial(run: RunInfo, config: RunConfig, others: Mapping[int, str], steps: int) -> Opening:
    steps = min(max(steps, treatment.LEAST_STEPS), treatment.MOST_STEPS)
    now = treatment.Treatment(
        remedies=tuple(name for name in TREATMENTS if name in others.values()),
        seeds=1,
        steps=None if steps == treatment.usual_steps(config) else steps,
    )
    stored = {treatment.UNTREATED: run.run_id}
    stored |= {label([name]): run_id for run_id, name in others.items()}
    return Opening(config=config, extra=now, stored=stored)


def _remedy(config: RunConfig, other: RunConfig) -> str:
    """The one remedy that makes a set-up of another; empty without."""
    for name in TREATMENTS:
        try:
            if not _differing([treated(config, [name]), other]):
                return name
        except ConfigError:
            continue
    return ""


def _differing(configs: Sequence[RunConfig], names: Sequence[str] = ()) -> str:
    """In which settings that do anything set-ups differ, in words; of all, or of those named."""
    found = dict.fromkeys(
        name
        for each in configs
        for name in each.differences(configs[0])
        if (is_used(each, name) or is_used(configs[0], name)) and (not names or name in names)
    )
    return ", ".join(label_of(name).split(" (")[0].lower() for name in found)


HOW: Mapping[str, Callable[[Chosen], Opening | str]] = MappingProxyType(
    {
        LIVE_TRAINING.name: _alone,
        VANISHING.name: _alone,
        GATES.name: _alone,
        CLIPPING.name: _clipped,
        COMPARE.name: _compared,
        REMEDIES.name: _treated,
    }
)
"""The lessons in which a saved run can be seen; the cliff trains nothing."""
