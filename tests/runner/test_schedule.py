"""Measuring keeps within its share of a run's time."""

from __future__ import annotations

import pytest

from gradviz.runner.schedule import DEAR_BUDGET_S, FRAME_S, MEASURE_SHARE, FrameSchedule


def live(
    *, bare: float, light: float, fixed: float, a_probe: float, seconds: float = 60
) -> tuple[float, float, FrameSchedule]:
    """Run a schedule on a simulated clock.

    Returns:
        What a step costs against a bare one, frames a second, the schedule.
    """
    schedule, now, steps, frames = FrameSchedule(), 0.0, 0, 0
    while now < seconds:
        steps += 1
        if now < schedule.next_at:
            now += bare
            schedule.bare_step(bare)
            continue
        dear = fixed + a_probe * schedule.probes
        frames += 1
        schedule.measured_step(
            began=now, spent_s=bare + light + dear, dear_s=dear, most_probes=8, sharing=1
        )
        now += bare + light + dear
    return now / (steps * bare), frames / now, schedule


# Seconds as measured at (T, B, H) = (50, 32, 32), (100, 32, 64), (200, 32, 64).
MEASURED = {
    "rnn 100": {"bare": 0.0062, "light": 0.002, "fixed": 0.009, "a_probe": 0.002},
    "lstm 100": {"bare": 0.0062, "light": 0.0055, "fixed": 0.009, "a_probe": 0.005},
    "gru 100": {"bare": 0.016, "light": 0.0035, "fixed": 0.01, "a_probe": 0.0045},
    "lstm 200": {"bare": 0.0095, "light": 0.009, "fixed": 0.018, "a_probe": 0.01},
}


@pytest.mark.parametrize("name", MEASURED)
def test_a_live_run_costs_at_most_its_share(name: str) -> None:
    cost, frames, _ = live(**MEASURED[name])
    assert cost <= 1 / (1 - MEASURE_SHARE) + 0.01
    assert frames >= 4


@pytest.mark.parametrize("name", ["rnn 100", "lstm 100", "gru 100"])
def test_at_a_hundred_timesteps_two_probes_and_five_frames_are_affordable(name: str) -> None:
    _, frames, schedule = live(**MEASURED[name])
    assert frames >= 5
    assert schedule.probes >= 2


def test_cheap_runs_measure_all_probes_and_no_more_often_than_shown() -> None:
    cost, frames, schedule = live(bare=0.001, light=0.0005, fixed=0.001, a_probe=0.0005)
    assert schedule.probes == 8
    assert frames <= 1 / FRAME_S + 0.1
    assert cost < 1.1


def test_large_networks_are_measured_seldom_on_one_probe() -> None:
    cost, frames, schedule = live(bare=0.6, light=1.0, fixed=0.3, a_probe=0.1, seconds=600)
    assert cost <= 1 / (1 - MEASURE_SHARE) + 0.02
    assert 0 < frames < 0.2
    assert schedule.probes == 1


def test_the_first_frame_comes_at_once_and_many_runs_are_shown_less_often() -> None:
    schedule = FrameSchedule()
    assert schedule.next_at == 0
    assert schedule.probes == 2
    schedule.measured_step(began=1.0, spent_s=0.01, dear_s=0.004, most_probes=8, sharing=20)
    assert schedule.next_at == pytest.approx(1.0 + 5 * FRAME_S)
    for _ in range(20):
        schedule.measured_step(began=1.0, spent_s=0.1, dear_s=0.09, most_probes=8, sharing=20)
    assert schedule.probes == 1
    assert DEAR_BUDGET_S < 0.09


def test_a_run_that_is_over_at_once_still_leaves_frames() -> None:
    schedule = FrameSchedule(next_at=100.0)
    assert [step for step in range(1, 200) if schedule.due(step, 0.0)] == [1, 2, 4, 8, 16, 32, 64]
    assert schedule.due(3, 100.0)


def test_what_a_step_takes_is_the_median_of_the_last_unmeasured_ones() -> None:
    schedule = FrameSchedule()
    assert schedule.step_ms is None
    for spent in (0.5, 0.002, 0.001, 0.004):
        schedule.bare_step(spent)
    schedule.measured_step(began=0.0, spent_s=9.0, dear_s=0.1, most_probes=8, sharing=1)
    assert schedule.step_ms == pytest.approx(3.0)
    for _ in range(200):
        schedule.bare_step(0.007)
    assert schedule.step_ms == pytest.approx(7.0)
