"""One bad number and each clip: every sentence held against the numbers beside it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gradviz.reading import trap_rows
from gradviz.runner.questions import answer


def trap(**fields: Any) -> dict[str, Any]:
    """A worker's answer; by norm, of a harmless gradient."""
    usual: dict[str, Any] = {
        "case": "one",
        "kind": "norm",
        "before": (3.0, 4.0),
        "reported": 5.0,
        "norm": 5.0,
        "after": (0.6, 0.8),
        "outcome": "finite",
        "says": "",
    }
    return usual | fields


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "The norm is 5, so 2 entries change, and the largest is then 0.8; gradviz goes on."),
        (
            {"before": (0.3, 0.4), "after": (0.3, 0.4), "kind": "value"},
            "Nothing is clipped; gradviz goes on.",
        ),
        (
            {"reported": math.inf, "norm": 3e25, "after": (0.0, -0.0), "says": "norm overflow"},
            "In float32 the norm overflows to ∞, though it is 3e25, so all entries become 0 and "
            "the step does nothing; gradviz says that the norm is too large to square, and stops.",
        ),
        (
            {
                "reported": math.inf,
                "norm": math.inf,
                "before": (1.0, -math.inf),
                "after": (0.0, math.nan),
                "says": "inf",
            },
            "The norm is ∞, so 1 of 2 entries is NaN; gradviz says that a gradient is infinite, "
            "and stops.",
        ),
        (
            {"kind": "agc", "after": (math.nan, math.nan), "says": "nan"},
            "All 2 entries are NaN; gradviz says that a gradient is NaN, and stops.",
        ),
    ],
)
def test_a_sentence_says_what_the_numbers_are(fields: dict[str, Any], sentence: str) -> None:
    (row,) = trap_rows([trap(**fields)])
    assert row.sentence == sentence


def test_entries_are_written_as_one_reads_them() -> None:
    (row,) = trap_rows([trap(before=(-0.2, 1e20, -math.inf), after=(-0.0, 4.24e-21, math.nan))])
    assert (row.before, row.after) == ("−0.2, 1e20, −∞", "0, 4.24e−21, NaN")
    assert row.clip == "by norm"


def test_what_was_measured_is_told_as_it_was() -> None:
    traps = answer("clip_traps")
    rows = trap_rows(traps)
    assert len(rows) == len(traps) == 9
    for trap, row in zip(traps, rows, strict=True):
        assert ("NaN" in row.after) == any(map(math.isnan, trap["after"]))
        spoilt = sum(map(math.isnan, trap["after"]))
        assert (f"{spoilt} of 4" in row.sentence) == (0 < spoilt < 4)
        assert ("become 0" in row.sentence) == (trap["outcome"] == "all zero")
        assert ("stops" in row.sentence) == bool(trap["says"])
        assert ("The norm" in row.sentence or "the norm" in row.sentence) == (
            trap["kind"] == "norm"
        )
