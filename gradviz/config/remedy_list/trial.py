"""Trial: a failing set-up with and without remedies, on the same seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradviz.config.remedy_list.treated import REMEDIES, treated
from gradviz.config.run_config import ConfigError, RunConfig

_SEED_END = 2**31


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """The runs to be made; of each label one a seed."""

    untreated: list[RunConfig]
    treated: dict[str, list[RunConfig]]
    refused: dict[str, str]
    """Label to the sentence why it cannot be tried."""


def trial(config: RunConfig, courses: Sequence[Sequence[str]], seeds: int) -> Trial:
    """A trial of courses of remedies.

    Args:
        config: without remedies, with the first seed.
        courses: the remedies' names, one or several that are taken together.
        seeds: runs of each.
    """
    made: dict[str, list[RunConfig]] = {}
    refused: dict[str, str] = {}
    for names in courses:
        try:
            made[label(names)] = _seeded(treated(config, names), seeds)
        except ConfigError as error:
            refused[label(names)] = " ".join(error.problems.values())
    return Trial(untreated=_seeded(config, seeds), treated=made, refused=refused)


def label(names: Sequence[str]) -> str:
    """Of a course."""
    return " + ".join(REMEDIES[name].label for name in names)


def _seeded(config: RunConfig, seeds: int) -> list[RunConfig]:
    return [config.replace(seed=(config.seed + n) % _SEED_END) for n in range(seeds)]
