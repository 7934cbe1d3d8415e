"""What a check is, and what came of one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from gradviz.checks.expectation import Expectation, Value, in_words

Verdict = Literal["ok", "WRONG"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """A number known beforehand, and a way of measuring it by gradviz."""

    name: str
    title: str
    """What is measured, in a sentence."""
    source: str
    """Where the number comes from: an equation, a paper, a measurement of this project."""
    expects: Expectation
    measure: Callable[[], Value]
    slow: bool = False
    """A training of a few seconds; run with `--all` only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a check, in words that go to a terminal, a page and a file alike."""

    name: str
    title: str
    source: str
    expected: str
    measured: str
    verdict: Verdict
    seconds: float


def run(check: Check) -> Outcome:
    """Measure and compare. An error inside the check makes it WRONG, with the error's sentence.

    Every check draws from the same seed, so that its numbers do not depend on which others ran;
    the caller's random generator is left as it was.
    """
    began = time.perf_counter()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        try:
            value: Value = check.measure()
            measured, holds = in_words(value), check.expects.holds(value)
        except Exception as error:
            measured, holds = f"{type(error).__name__}: {error}", False
    return Outcome(
        name=check.name,
        title=check.title,
        source=check.source,
        expected=str(check.expects),
        measured=measured,
        verdict="ok" if holds else "WRONG",
        seconds=round(time.perf_counter() - began, 3),
    )
