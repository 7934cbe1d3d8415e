"""What a step takes with each remedy, beside one without: in turns, so that load tells on both."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from gradviz.config import RunConfig
from gradviz.config.remedy_list import trial
from gradviz.scenarios import Scenario

WARM_UP, TIMED = 2, 12
"""Steps of each that are not timed, and that are."""


def time_ratios(
    scenario: Scenario, remedies: Sequence[str], *, told: Callable[[str], None] = lambda name: None
) -> dict[str, float]:
    """A remedy's label to the time of a step with it over that without, in this thread.

    Args:
        scenario: the disease.
        remedies: their names; those that cannot be tried are left out.
        told: called with each label before it is timed.
    """
    made = trial(scenario.config, [(name,) for name in remedies], seeds=1)
    found = {}
    for label, configs in made.treated.items():
        told(label)
        found[label] = _ratio(configs[0], made.untreated[0])
    return found


def _ratio(mine: RunConfig, theirs: RunConfig) -> float:
    from gradviz.training import Trainer

    trainers = [Trainer(mine), Trainer(theirs)]
    spent: list[list[float]] = [[], []]
    for step in range(WARM_UP + TIMED):
        for place, trainer in enumerate(trainers):
            began = time.thread_time()
            trainer.train_step("none")
            if step >= WARM_UP:
                spent[place].append(time.thread_time() - began)
    return float(np.median(spent[0]) / np.median(spent[1]))
