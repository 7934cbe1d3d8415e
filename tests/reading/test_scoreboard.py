"""The scoreboard's verdicts and sentences, each from numbers made for it."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from gradviz.history import Outcome
from gradviz.reading import Score, scoreboard


def came(**changes: Any) -> Outcome:
    usual = {
        "steps": 100,
        "first_lag": 29,
        "horizon_at_first": 4.0,
        "horizon": 5.0,
        "near_one": 0.25,
        "loss": 0.5,
        "floor": 1.0,
        "held_out": None,
        "solved_at": None,
        "failed_at": None,
        "step_ms": 2.0,
    }
    return Outcome(**(usual | changes))


def three(**changes: Any) -> list[Outcome]:
    """Seeds whose losses are 0.9, 1 and 1.1 times what is asked for."""
    loss = changes.pop("loss", 0.5)
    return [came(loss=loss and loss * factor, **changes) for factor in (0.9, 1, 1.1)]


def judged(outcomes: list[Outcome], base: list[Outcome] | None = None) -> Score:
    _, row = scoreboard(base or three(), {"it": outcomes}, steps=100, seeds=3)
    return row


FAILED = {"loss": None, "failed_at": 7, "steps": 7}
SOLVED = {"solved_at": 60, "loss": 0.01}


@pytest.mark.parametrize(
    ("mine", "theirs", "verdict"),
    [
        (three(**SOLVED), three(), "cures"),
        ([*three()[:2], came(**SOLVED)], three(), "helps"),
        (three(), three(**SOLVED), "harms"),
        (three(loss=0.3), three(), "helps"),
        (three(loss=0.42), three(), "no difference"),
        (three(loss=0.8), three(), "harms"),
        (three(**FAILED), three(), "harms"),
        (three(), three(**FAILED), "helps"),
        (three(**SOLVED), three(**FAILED), "cures"),
        # What is left ends at the floor, or far above it: finite, but nothing is learned.
        (three(loss=1.0), three(**FAILED), "survives"),
        ([*three(**FAILED)[:2], came(loss=2.0)], three(**FAILED), "survives"),
        ([*three(**FAILED)[:2], came(loss=11.0)], three(**FAILED), "no difference"),
        ([*three()[:2], came(loss=11.0)], three(), "harms"),
        (three(**FAILED), three(**FAILED), "no difference"),
        (three(loss=0.01, solved_at=30), three(**SOLVED), "helps"),
        (three(loss=0.001, solved_at=60), three(**SOLVED), "no difference"),
        (three(loss=0.01, solved_at=90), three(**SOLVED), "harms"),
        # It learns more, but one of its runs fails: that is harm.
        ([*three(**SOLVED)[:2], came(**FAILED)], three(), "harms"),
    ],
)
def test_verdicts(mine: list[Outcome], theirs: list[Outcome], verdict: str):
    assert judged(mine, theirs).verdict == verdict


def test_unseen_data_decide_seed_by_seed():
    """A training set is learned by heart, so its loss says nothing; each seed has its own set."""
    theirs = [came(loss=0.01, held_out=loss) for loss in (1.0, 2.0, 3.0)]
    for factor, verdict in ((0.9, "helps"), (0.97, "no difference"), (1.1, "harms")):
        mine = [came(loss=0.5, held_out=each.held_out * factor) for each in theirs]
        assert judged(mine, theirs).verdict == verdict
    mixed = [came(loss=0.01, held_out=loss) for loss in (0.5, 1.0, 3.5)]
    row = judged(mixed, theirs)
    assert row.verdict == "no difference"
    words = "the loss on unseen data ends at 1, 100% of its floor; on the training set at 0.01"
    assert words in row.sentence
    # And of two trainings that failed nothing is compared.
    assert judged([*mixed[:2], came(**FAILED)], theirs).verdict == "harms"


def test_what_is_learned_by_heart_is_not_solved():
    """With a training set the loss on it falls, and that on unseen data is beside the others'."""
    by_heart = [came(**SOLVED, held_out=loss) for loss in (1.2, 1.3, 1.4)]
    row = judged(by_heart)
    assert (row.verdict, row.solved) == ("harms", 0)
    learned = [came(**SOLVED, held_out=0.05)] * 3
    assert judged(learned).verdict == "cures"


def test_sentences():
    row = judged(three(**SOLVED, horizon=math.inf, step_ms=5.0))
    assert row.sentence == (
        "Cures it: all 3 runs solved the task, by step 60. Untreated, the loss ends at 0.5, 50% of "
        "its floor. The gradient horizon is at last the whole sequence, not 5 timesteps. A step "
        "takes 2.5 times as long."
    )
    assert judged(three(loss=0.3)).sentence == (
        "Helps: the loss ends at 0.3, 30% of its floor. Untreated, the loss ends at 0.5, 50% of "
        "its floor."
    )
    assert judged([*three()[:2], came(**FAILED)]).sentence == (
        "Harms: 1 of 3 runs failed, at step 7, and the others end at a loss of 0.475, 48% of its "
        "floor. Untreated, the loss ends at 0.5, 50% of its floor."
    )
    assert judged(three(), three(**FAILED)).sentence.endswith(
        "Untreated, all 3 runs failed, at step 7."
    )
    assert judged(three(loss=25.0), three(**FAILED)).sentence.startswith(
        "No difference beyond that between seeds: the loss ends at 25, 25 times its floor."
    )
    assert judged(three(loss=2.0), three(**FAILED)).sentence.startswith(
        "Survives, and learns nothing: the loss ends at 2, 200% of its floor."
    )
    assert judged(three(loss=0.49)).sentence.startswith(
        "No difference beyond that between seeds: the loss ends at 0.49"
    )


def test_nothing_is_judged_before_every_run_has_ended():
    for mine, theirs in (
        (three()[:2], three()),
        ([*three()[:2], came(steps=99)], three()),
        (three(), three()[:2]),
    ):
        row = judged(mine, theirs)
        assert row.verdict == "waiting"
        assert row.sentence == ""
    base, _ = scoreboard(three()[:1], {"it": []}, steps=100, seeds=3)
    assert base.verdict == "waiting"


def test_what_is_refused_says_why():
    *_, row = scoreboard(three(), {}, {"Prayer": "It changes nothing."}, steps=100, seeds=3)
    assert (row.verdict, row.sentence) == ("refused", "It changes nothing.")
    assert row.cells()["In words"] == "It changes nothing."


def test_the_same_columns_in_every_row():
    rows = scoreboard(
        three(), {"it": three(**FAILED), "more": []}, {"no": "No."}, steps=100, seeds=3
    )
    assert len({tuple(row.cells()) for row in rows}) == 1
    cells = rows[0].cells()
    assert cells["Loss, last 20 steps"] == "0.5 (0.45…0.55)"
    assert cells["Of the floor"] == "50%"
    assert cells["‖J‖ in 0.9…1.1"] == "25%"
    assert rows[1].cells()["Time of a step"] == "1.0 ×"


@pytest.mark.parametrize("field", ["loss", "horizon", "solved_at", "failed_at", "step_ms"])
def test_a_changed_number_changes_the_words(field: str):
    """No sentence stands by itself: each of its numbers is of the outcomes."""
    usual = {"loss": 0.3, "horizon": 7.0, "solved_at": None, "failed_at": None, "step_ms": 9.0}
    if field in {"solved_at", "failed_at"}:
        usual[field] = 40
    before = judged(three(**usual)).sentence
    after = judged(three(**usual | {field: usual[field] * 1.5})).sentence
    assert before != after
    assert len(re.findall(r"[\d.]+", before)) == len(re.findall(r"[\d.]+", after))
