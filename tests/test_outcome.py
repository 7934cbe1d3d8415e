"""Outcome: a dozen numbers of a run, each counted by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from gradviz import RunConfig
from gradviz.history import Failure, History, Outcome, outcome_of, solved_at
from tests import fabricated

CONFIG = RunConfig(seq_len=12, hidden_size=4, batch_size=4)


def history_of(losses: list[float], *rates: float, floor: float = 1.0) -> History:
    """One frame a rate, at the steps 1, 2, …."""
    history = History(CONFIG, floor=floor)
    history.append_scalars(
        fabricated.row(step, loss=loss) for step, loss in enumerate(losses, start=1)
    )
    for step, rate in enumerate(rates, start=1):
        history.append_frame(fabricated.frame(CONFIG, step, rate=rate))
    return history


def test_a_run_in_numbers():
    came = outcome_of(history_of([2.0] * 10 + [0.5] * 20, 0.5, 0.95), step_ms=1.5)
    assert (came.steps, came.first_lag, came.floor, came.step_ms) == (30, 11, 1.0, 1.5)
    # 0.5^2 = 0.25 is the first power below 1/e; 0.95^11 = 0.57 never is.
    assert (came.horizon_at_first, came.horizon) == (2, math.inf)
    assert came.near_one == 1.0
    assert came.loss == 0.5
    assert (came.solved_at, came.failed_at) == (None, None)


@pytest.mark.parametrize(("rate", "share"), [(0.89, 0), (0.91, 1), (1.09, 1), (1.11, 0)])
def test_jacobians_near_one(rate: float, share: float):
    assert outcome_of(history_of([1.0], rate)).near_one == share


def test_a_share_of_the_jacobians_is_near_one():
    history = history_of([1.0], 0.5)
    norms = history.frames[0].top_layer.jacobian_norm
    assert norms is not None
    norms[:3] = 1.0
    assert outcome_of(history).near_one == pytest.approx(3 / 12)


def test_solved_where_the_mean_of_twenty_falls_below_a_tenth_of_the_floor():
    history = history_of([1.0] * 5 + [0.0] * 30)
    # 20 steps that hold two ones have a mean of 0.1, which is not below; with one 0.05.
    assert solved_at(history) == 4 + 20
    assert outcome_of(history).solved_at == 24
    assert solved_at(history, 23) is None


def test_a_failure_leaves_no_loss():
    history = history_of([1.0, math.nan], 0.9)
    history.failure = Failure(step=2, tensor="loss", kind="nan")
    came = outcome_of(history)
    assert (came.failed_at, came.loss) == (2, None)


def test_nothing_yet():
    came = outcome_of(History(CONFIG))
    assert came.steps == 0
    assert {came.first_lag, came.horizon, came.near_one, came.loss} == {None}


def test_survives_json():
    came = outcome_of(history_of([1.0] * 30, 0.95))
    assert came.horizon == math.inf
    assert Outcome.from_dict(json.loads(json.dumps(came.to_dict(), allow_nan=False))) == came


def test_a_horizon_that_is_not_known_is_looked_for_in_other_frames():
    history = history_of([1.0] * 3, 0.5, 0.9, 0.7)
    horizons = history.frames[-1].top_layer.gradient_horizon
    assert horizons is not None
    horizons[:] = np.nan
    assert outcome_of(history).horizon == 10  # 0.9^10 = 0.349 < 1/e = 0.368 < 0.9^9.
