"""A disease, its trials, and the rows that come of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradviz.config import RunConfig
from gradviz.config.remedy_list import Trial, trial
from gradviz.history import Outcome
from gradviz.reading import Score, scoreboard
from gradviz.scenarios import Scenario
from gradviz.sweep import Job, Results


@dataclass(frozen=True, slots=True)
class Board:
    """The rows of one disease."""

    scenario: Scenario
    scores: list[Score]


def jobs_of(scenario: Scenario, remedies: Sequence[str], seeds: int) -> list[Job]:
    """All runs that a board needs, the untreated first."""
    made = _trial(scenario, remedies, seeds)
    configs = [*made.untreated, *(each for runs in made.treated.values() for each in runs)]
    return [Job(config, scenario.steps) for config in configs]


def board_of(
    scenario: Scenario,
    remedies: Sequence[str],
    seeds: int,
    results: Results,
    time_ratios: Mapping[str, float] | None = None,
) -> Board:
    """The rows, of the outcomes that are there.

    Args:
        scenario: the disease.
        remedies: their names; each is tried alone.
        seeds: runs of each.
        results: of the jobs.
        time_ratios: of a step, by label; None: by what the runs took.
    """
    made = _trial(scenario, remedies, seeds)

    def came(configs: list[RunConfig]) -> list[Outcome]:
        known = (results.get(Job(config, scenario.steps)) for config in configs)
        return [each for each in known if each]

    scores = scoreboard(
        came(made.untreated),
        {label: came(configs) for label, configs in made.treated.items()},
        made.refused,
        steps=scenario.steps,
        seeds=seeds,
        time_ratios=time_ratios,
    )
    return Board(scenario, scores)


def _trial(scenario: Scenario, remedies: Sequence[str], seeds: int) -> Trial:
    return trial(scenario.config, [(name,) for name in remedies], seeds)
