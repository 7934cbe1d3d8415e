"""Words on two descents: the numbers are those of the descents."""

from __future__ import annotations

import math

import pytest

from gradviz.reading import read_cliff
from gradviz.theory import cliff

AT_THE_WALL = (5.0, cliff.steepest(5.0))


def test_before_a_start_is_chosen() -> None:
    assert read_cliff([]).sentences == ["Click a start: nothing has gone down yet."]


def test_one_step_at_the_wall() -> None:
    said = read_cliff([cliff.descend(AT_THE_WALL, 0.01, clip, 1) for clip in (None, 1.0)])
    assert said.level == "warning"
    assert said.sentences[0] == (
        "Not clipped: at the wall the gradient is 6770 and the step 67.7 long; "
        "step 1 lands at w = 40.8, b = 54.9, outside the picture."
    )
    assert said.sentences[1].startswith(
        "Clipped at 1: at the wall the gradient is 6770 and the step 0.01 long; "
        "after 1 step the error is "
    )


def test_the_landing_is_a_step_away() -> None:
    free = cliff.descend(AT_THE_WALL, 0.01, None, 1)
    assert math.hypot(40.8 - 5.0, 54.9 + 2.6123) == pytest.approx(free.step_lengths[0], abs=0.1)


def test_far_from_the_wall_no_wall_is_spoken_of() -> None:
    said = read_cliff([cliff.descend((5.4, -2.0), 0.01, None, 3)])
    assert "wall" not in said.sentences[0]
    assert said.level == "info"


def test_a_clip_that_was_never_needed_is_not_said_to_have_clipped() -> None:
    said = read_cliff([cliff.descend((5.4, -2.0), 0.01, clip, 3) for clip in (1.0, 0.02)])
    assert said.sentences[0].startswith("Never above the clip threshold of 1: where it is steepest")
    assert said.sentences[1].startswith("Clipped at 0.02: where it is steepest")


def test_both_in_the_picture_and_low_is_good() -> None:
    quiet = [cliff.descend((4.6, -2.0), 0.05, clip, 300) for clip in (None, 1.0)]
    assert all(each.ended == "steps" and each.errors[-1] < 0.01 for each in quiet)
    assert read_cliff(quiet).level == "ok"


def test_a_step_that_is_no_number() -> None:
    said = read_cliff([cliff.descend(AT_THE_WALL, 1e308, None, 3)])
    assert said.level == "error"
    assert "step 1 is no finite number any more" in said.sentences[0]
