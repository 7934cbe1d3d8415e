"""The scenarios of the orthogonal RNN, the IRNN and the network without memory: what they show."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradviz import Trainer
from gradviz.history import History
from gradviz.scenarios import SCENARIOS

pytestmark = pytest.mark.slow  # Every cell or task, or trainings: a part of the full run.

NAMES = ("orthogonal", "identity_start", "no_memory")


@pytest.fixture(scope="module", params=NAMES)
def history(request: pytest.FixtureRequest) -> History:
    """Of the scenario, measured at its first and last step."""
    scenario = SCENARIOS[request.param]
    trainer = Trainer(scenario.config)
    told = History(trainer.config, floor=trainer.floor)
    for step in range(1, scenario.steps + 1):
        told.append(trainer.train_step("full" if step in {1, scenario.steps} else "none"))
    return told


def test_it_learns_below_the_floor(history: History) -> None:
    assert history.floor
    assert float(history.column("loss")[-20:].mean()) < 0.3 * history.floor


def test_the_gradient_reaches_the_first_input(history: History) -> None:
    """Of those that carry one; the third has no horizon."""
    first = history.frames[0].top_layer
    if history.is_memoryless:
        assert math.isnan(first.horizon)
        assert np.isfinite(first.hidden_grad_log10[:, 0]).any()
    else:
        assert math.isinf(first.horizon)


def test_the_jacobians_of_an_orthogonal_network_stay_at_1() -> None:
    scenario = SCENARIOS["orthogonal"]
    trainer = Trainer(scenario.config)
    for _ in range(scenario.steps - 1):
        trainer.train_step("none")
    layer = trainer.train_step("full").layers["l0"]
    assert layer.jacobian_norm is not None
    # Spectral norms of pictures are measured to 1 %.
    assert 0.99 <= layer.jacobian_norm.min() <= layer.jacobian_norm.max() < 1.0001
    assert layer.jacobian_bound == pytest.approx(1, abs=1e-5)
