"""Quizzes: exactly one option is right for every number, and the measured one decides."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from fabricated import fabricate
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gradviz.config import RunConfig
from gradviz.history import Failure, History
from gradviz.lectures import MEASURES, Option, Quiz, judge

CONFIG = RunConfig(seq_len=41)


def quiz(*options: dict[str, Any], measure: str = "transport", **more: Any) -> Quiz:
    made = tuple({"text": f"{position}."} | option for position, option in enumerate(options))
    return Quiz.model_validate({"question": "What?", "measure": measure, "options": made} | more)


def run(steps: int = 30, *, rate: float = 0.5, **scalars: Any) -> History:
    """Transport shrinks by `rate` each of 40 timesteps; measured at steps 1, 11, 21."""
    return fabricate(CONFIG, steps=steps, every=10, rate=rate, noise=0, scalars=scalars)


SOLVED_OR_NOT = ({"below": 100}, {"at_least": 100}, {"never": True})


@given(
    ends=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5, unique=True),
    value=st.floats(allow_nan=False),
)
def test_every_number_is_in_the_range_that_is_answered(ends: list[float], value: float) -> None:
    lows, highs = [None, *sorted(ends)], [*sorted(ends), None]
    made = quiz(*({"at_least": low, "below": high} for low, high in zip(lows, highs, strict=True)))
    right = made.options[made.answer(value)]
    assert right.at_least is None or right.at_least <= value
    assert right.below is None or value < right.below


def test_never_takes_what_has_no_number_and_nothing_else() -> None:
    made = quiz(*SOLVED_OR_NOT, measure="solved_at")
    assert made.answer(math.inf) == 2
    assert made.answer(1e300) == 1
    assert quiz({"below": 100}, {"at_least": 100}, measure="solved_at").answer(math.inf) == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([{"below": 1}, {"at_least": 2}], "got none from 1 to 2"),
        ([{"below": 2}, {"at_least": 1}], "got two from 1 to 2"),
        ([{"below": 5}, {"at_least": 2, "below": 3}, {"at_least": 5}], "got two from 2 to 3"),
        ([{}, {}], "got two everywhere"),
        ([{"below": 1}, {"at_least": 1, "below": 9}], "got none from 9"),
        ([{"at_least": 1}, {"at_least": 0, "below": 1}], "got none below 0"),
        ([{"below": 1}, {"at_least": 1, "below": 1}], "got 1 and 1"),
        ([{"below": 1}, {"at_least": 3, "below": 2}], "got 3 and 2"),
        ([{"never": True}, {"never": True}], "must have one option with never"),
        ([{"below": 1}, {"never": True}], "got none from 1"),
        ([{}, {"never": True, "below": 3}], "got both"),
        ([{}, {"at_least": math.inf}], "finite"),
    ],
)
def test_ranges_that_leave_or_share_a_number(options: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        quiz(*options, measure="horizon")


def test_never_is_for_measures_that_may_have_no_number() -> None:
    with pytest.raises(ValidationError, match="accuracy is always a number"):
        quiz({}, {"never": True}, measure="accuracy")


def test_a_measure_that_does_not_exist() -> None:
    with pytest.raises(ValidationError, match="must be one of transport, "):
        quiz({"below": 1}, {"at_least": 1}, measure="beauty")


def test_the_measured_answer_decides() -> None:
    asked = quiz({"at_least": -1}, {"at_least": -10, "below": -1}, {"below": -10})
    verdict = judge(asked, {"": [run(rate=0.5)]})
    assert verdict.option == 2
    assert verdict.value == pytest.approx(40 * math.log10(0.5), rel=1e-6)
    assert verdict.sentence == (
        "Measured after 1 step: from the last timestep to the first a gradient is multiplied by "
        "at most 1e-12. So it is “2.”"
    )
    assert judge(asked, {"": [run(rate=0.9)]}).option == 1
    assert judge(asked, {"": [run(rate=1.01)]}).option == 0


def test_it_waits_for_its_step() -> None:
    asked = quiz(*SOLVED_OR_NOT, measure="failed_at", after=60)
    verdict = judge(asked, {"": [run(30)]})
    assert verdict.option is None
    assert math.isnan(verdict.value)
    assert verdict.sentence == "It is measured after 60 steps; this is step 30."
    assert judge(asked, {"": [run(80)]}).option == 2
    assert judge(asked, {"": [run(80)]}, step=59).option is None
    assert judge(asked, {"": [History(CONFIG)]}).option is None
    assert judge(asked, {"": []}).option is None
    assert judge(asked, {}).sentence == "Set-up 1 is measured, but there are 0 here."


def test_a_failed_run_is_judged_at_once() -> None:
    history = run(30)
    history.failure = Failure(step=30, tensor="loss", kind="nan")
    verdict = judge(quiz(*SOLVED_OR_NOT, measure="failed_at", after=60), {"": [history]})
    assert (verdict.option, verdict.value) == (0, 30)
    assert "a number is no longer finite at step 30" in verdict.sentence
    over = judge(quiz(*SOLVED_OR_NOT, measure="loss_over_floor", after=60), {"": [history]})
    assert over.option == 2
    assert "the run failed" in over.sentence


def test_what_comes_later_changes_no_verdict() -> None:
    losses = np.where(np.arange(1, 201) > 100, 0.0, 0.2)
    asked = quiz(*SOLVED_OR_NOT, measure="solved_at", after=90)
    assert judge(asked, {"": [run(200, loss=losses)]}).option == 2


def test_of_several_seeds_the_middle_one_decides() -> None:
    asked = quiz({"below": -1}, {"at_least": -1})
    runs = {"": [run(rate=rate) for rate in (0.5, 0.99, 0.98)]}
    verdict = judge(asked, runs)
    assert verdict.option == 1
    assert verdict.value == pytest.approx(40 * math.log10(0.98), rel=1e-6)
    assert ", in the middle one of 3 seeds: " in verdict.sentence


def test_a_set_up_is_chosen_by_its_place() -> None:
    asked = quiz({"below": -1}, {"at_least": -1}, set_up=2)
    verdict = judge(asked, {"RNN": [run(rate=0.5)], "GRU": [run(rate=0.99)]})
    assert verdict.option == 1
    assert verdict.sentence.startswith("Measured after 1 step with GRU: ")


def test_what_was_not_measured_is_not_judged() -> None:
    verdict = judge(quiz({"below": 0.5}, {"at_least": 0.5}, measure="forget_gate"), {"": [run()]})
    assert verdict.option is None
    assert verdict.sentence == "The forget gate was not measured in this run."


def test_an_option_is_of_its_own() -> None:
    assert Option(text="A.", below=3).low == -math.inf
    assert set(MEASURES) >= {"transport", "horizon", "solved_at", "failed_at", "accuracy"}
