"""The helper that folds many values into one test."""

from __future__ import annotations

import inspect

import pytest
from every import every


def test_all_values_are_tried_and_all_that_fail_are_told() -> None:
    seen = []

    @every(("one", "two"), [(1, 2), (3, 3), (5, 6), (7, 7)])
    @every("third", "ab")
    def body(one: int, two: int, third: str, fixture: str) -> None:
        seen.append((one, third, fixture))
        assert one != two
        assert third == "a"

    assert list(inspect.signature(body).parameters) == ["fixture"]
    with pytest.raises(ExceptionGroup, match="4 of 4 fail") as found:
        body(fixture="x")
    assert seen == [(one, third, "x") for one in (1, 3, 5, 7) for third in "ab"]
    groups = found.value.exceptions
    assert [len(each.exceptions) for each in groups] == [1, 2, 1, 2]  # type: ignore[attr-defined]
    assert groups[1].__notes__ == ["of one, two = 3, 3"]


def test_without_a_value_it_fails() -> None:
    @every("one", [])
    def body(one: int) -> None: ...

    with pytest.raises(AssertionError):
        body()


def test_what_holds_of_all_passes() -> None:
    @every("one", [1, 2])
    def body(one: int) -> None:
        assert one

    body()
