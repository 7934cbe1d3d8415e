"""The scenarios of other shapes end where they are said to end: trained bare, within a minute."""

from __future__ import annotations

import numpy as np
import pytest

from gradviz.config import RunConfig
from gradviz.scenarios import SCENARIOS
from gradviz.training import Trainer

ENDS = {
    "bottleneck_copy": (0.98, 1.02),
    "bottleneck_attention": (0.0, 0.2),
    "reversed_source": (0.0, 0.4),
    "forecast_years": (0.0, 0.5),
    "chaos": (0.0, 0.3),
    "wave": (0.0, 0.3),
    "two_in_two_out": (0.0, 0.1),
}
"""Least and greatest share of the floor that is left."""


def left(config: RunConfig, steps: int) -> float:
    """Of the floor, in the last 20 steps."""
    trainer = Trainer(config)
    losses = [trainer.train_step("none").loss for _ in range(steps)]
    return float(np.mean(losses[-20:])) / trainer.floor


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
@pytest.mark.parametrize("name", ENDS)
def test_a_scenario_ends_where_it_should(name: str) -> None:
    scenario = SCENARIOS[name]
    low, high = ENDS[name]
    assert low <= left(scenario.config, scenario.steps) <= high


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
def test_a_reversed_source_is_copied_sooner() -> None:
    scenario = SCENARIOS["source_order"]
    in_order, turned = (left(each, scenario.steps) for each in scenario.variants.values())
    assert turned < 0.7 * in_order


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
def test_attention_alone_decides_whether_it_learns() -> None:
    scenario = SCENARIOS["bottleneck"]
    ends = {label: left(each, scenario.steps) for label, each in scenario.variants.items()}
    assert ends["no attention"] > 0.98
    assert max(ends["dot"], ends["general"]) < 0.2
