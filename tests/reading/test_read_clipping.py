"""The words of several clips, against histories whose numbers are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fabricated import fabricate, row

from gradviz.config import RunConfig
from gradviz.history import Failure, History
from gradviz.reading import read_clipping


def run(clip: str, *, clipped: int = 0, steps: int = 100, **scalars: Any) -> History:
    """Its last `clipped` steps are."""
    flags = np.arange(steps) >= steps - clipped
    usual = {"clipped": flags, "grad_norm_pre": np.where(flags, 12.5, 0.5)}
    config = RunConfig(clip=clip)
    return fabricate(config, steps=steps, every=steps, floor=0.25, scalars=usual | scalars)


def failed(step: int, kind: str = "nan") -> History:
    history = run("none", steps=step - 1, grad_norm_pre=np.geomspace(1, 1e9, step - 1))
    history.append_scalars([row(step, loss=np.nan, grad_norm_pre=np.nan)])
    history.failure = Failure(step=step, tensor="loss", kind=kind)  # type: ignore[arg-type]
    return history


def test_nothing_yet() -> None:
    for runs in ({}, {"a": []}, {"a": [History(RunConfig())]}):
        assert read_clipping(runs).sentences == ["Nothing has been measured yet."]


def test_which_failed_when_and_what_the_others_reached() -> None:
    runs = {"no clip": [failed(31)], "norm 1": [run("norm", clipped=40, loss=0.2)]}
    reading = read_clipping(runs)
    assert reading.level == "warning"
    assert reading.sentences == [
        "“no clip” failed at step 31: the loss became NaN; “norm 1” has a loss of 0.2 "
        "(80% of its floor).",
        "“norm 1” clipped 40% of its steps, from norms of up to 12.5, and kept their direction.",
        "The largest gradient norm before a clip was 1e9, that of “no clip” at step 30.",
    ]


@pytest.mark.parametrize(
    ("kind", "word"), [("inf", "infinite"), ("norm overflow", "too large to square")]
)
def test_how_it_failed(kind: str, word: str) -> None:
    assert f"the loss became {word}" in read_clipping({"a": [failed(9, kind)]}).sentences[0]


def test_before_the_failure_it_is_not_told() -> None:
    reading = read_clipping({"no clip": [failed(31)]}, 25)
    assert reading.level == "info"
    assert reading.sentences[0] == "“no clip” has a loss of 0.2 (80% of its floor)."
    assert "at step 25" in reading.sentences[-1]


def test_of_several_seeds_the_failed_are_counted() -> None:
    seeds = [failed(31), failed(29), run("none", loss=0.5)]
    told = read_clipping({"no clip": seeds}).sentences[0]
    assert told == (
        "“no clip” failed in 2 of 3 seeds, first at step 29: the loss became NaN, and has a loss "
        "of 0.5 (200% of its floor)."
    )


@pytest.mark.parametrize(
    ("clipped", "words"),
    [(0, "clipped nothing"), (1, "under 1%"), (199, "over 99%"), (200, "100%"), (100, "50%")],
)
def test_shares_are_rounded_to_no_untruth(clipped: int, words: str) -> None:
    assert words in read_clipping({"a": [run("norm", clipped=clipped, steps=200)]}).sentences[1]


def test_the_angle_is_of_the_clipped_steps() -> None:
    angles = np.r_[np.zeros(97), 20.0, 30.0, 58.4]
    told = read_clipping({"value": [run("value", clipped=3, clip_angle=angles)]}).sentences[1]
    assert told.endswith("and turned them by 30° (median; at most 58°).")


def test_an_angle_that_is_not_known_is_not_said() -> None:
    told = read_clipping({"old": [run("norm", clipped=3, clip_angle=np.nan)]}).sentences[1]
    assert told == "“old” clipped 3% of its steps, from norms of up to 12.5."


def test_without_a_clip_there_is_nothing_to_say_of_one() -> None:
    reading = read_clipping({"no clip": [run("none")]})
    assert len(reading.sentences) == 2
    assert reading.level == "info"
