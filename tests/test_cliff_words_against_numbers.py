"""Words against numbers, of the cliff: the unit walked in plain Python, gradients by complex step.

∂E/∂w = Im E(w + ih)/h needs no formula of a derivative and loses no digits (Squire & Trapp 1998).
"""

from __future__ import annotations

import cmath
import math
import re

import pytest
from judging import NUMBER, near

from gradviz.reading import read_cliff
from gradviz.theory import cliff
from gradviz.theory.cliff import Descent

TINY = 1e-30

STARTS = {
    "into the wall": (5.2, -2.3, 0.1, 1.0, 300),
    "at the wall": (5.0, -2.612341, 0.01, 1.0, 20),
    "quiet": (5.4, -2.0, 0.01, 1.0, 3),
    "down to the floor": (4.6, -2.0, 0.05, 1.0, 300),
    "below the wall": (5.2, -3.1, 0.3, 5.0, 40),
    "hardly a wall": (4.3, -2.18, 0.02, 0.5, 60),
    "a great rate": (5.5, -2.95, 1.0, 10.0, 30),
    "out of the picture": (5.0, -2.612341, 1.0, 100.0, 20),
    "a rate beyond all numbers": (5.0, -2.612341, 1e308, 1.0, 2),
    "one step": (4.9, -2.4, 0.05, 0.01, 1),
}

WALK = pytest.mark.parametrize("start", STARTS.values(), ids=list(STARTS))

TOLD = re.compile(
    rf"(Not clipped|Clipped at {NUMBER}|Never above the clip threshold of {NUMBER}): (at the wall|"
    rf"where it is steepest) the gradient is {NUMBER} and the step (?:{NUMBER}|∞) long; (.*)\."
)
AFTER = re.compile(rf"after {NUMBER} steps? the error is {NUMBER}")
LANDS = re.compile(rf"step {NUMBER} lands at w = {NUMBER}, b = {NUMBER}, outside the picture")
NOT_FINITE = re.compile(rf"step {NUMBER} is no finite number any more")


def error(w: complex, b: complex) -> complex:
    x: complex = 0.5
    for _ in range(50):
        x = w / (1 + cmath.exp(-x)) + b
    return (1 / (1 + cmath.exp(-x)) - 0.7) ** 2


def gradient(w: float, b: float) -> tuple[float, float]:
    return error(complex(w, TINY), b).imag / TINY, error(w, complex(b, TINY)).imag / TINY


def walk(start: tuple[float, ...]) -> list[Descent]:
    w, b, rate, threshold, steps = start
    return [cliff.descend((w, b), rate, clip, int(steps)) for clip in (None, threshold)]


def norms_along(descent: Descent) -> list[float]:
    """‖∇E‖ before each step; each step is the one that it asks for."""
    found = []
    for (w, b), (next_w, next_b) in zip(descent.points, descent.points[1:], strict=False):
        of_w, of_b = gradient(float(w), float(b))
        norm = math.hypot(of_w, of_b)
        length = descent.learning_rate * min(norm, descent.clip_threshold or math.inf)
        if math.isfinite(length):
            ahead = float(w) - length * (of_w / norm), float(b) - length * (of_b / norm)
            assert (next_w, next_b) == pytest.approx(ahead, rel=1e-6, abs=1e-9)
        found.append(norm)
    return found


def at_the_wall(w: float, b: float) -> bool:
    """Near the line on which the state stays at its start."""
    return w > 4.05 and abs(b - (0.5 - w / (1 + math.exp(-0.5)))) < 0.02


def true(descent: Descent, sentence: str) -> bool:
    found = TOLD.fullmatch(sentence)
    assert found, f"No judge for “{sentence}”: write one."
    who, clip, spared, where, norm, step, end = found.groups()
    norms = norms_along(descent)
    steepest = max(range(len(norms)), key=norms.__getitem__)
    (w, b), (next_w, next_b) = descent.points[steepest : steepest + 2].tolist()
    return (
        is_clip(descent, clip, spared, norms[steepest])
        and (who == "Not clipped") == (descent.clip_threshold is None)
        and (where == "where it is steepest" or (at_the_wall(w, b) and norms[steepest] > 10))
        and near(norm, norms[steepest])
        and is_long(step, math.hypot(next_w - w, next_b - b))
        and has_ended(descent, end)
    )


def is_clip(descent: Descent, clip: str | None, spared: str | None, largest: float) -> bool:
    threshold = descent.clip_threshold
    if clip:
        return float(clip) == threshold and largest > threshold
    return spared is None or (float(spared) == threshold and largest <= threshold)


def is_long(told: str | None, length: float) -> bool:
    return not math.isfinite(length) if told is None else near(told, length)


def has_ended(descent: Descent, told: str) -> bool:
    w, b = descent.points[-1].tolist()
    steps = len(descent.points) - 1
    inside = 4 <= w <= 5.6 and -3.2 <= b <= -1.7
    if found := AFTER.fullmatch(told):
        return inside and int(found[1]) == steps and near(found[2], error(w, b).real)
    if found := LANDS.fullmatch(told):
        places = near(found[2], w) and near(found[3], b)
        return not inside and int(found[1]) == steps and places
    found = NOT_FINITE.fullmatch(told)
    assert found, f"No judge for “{told}”: write one."
    return not math.isfinite(w + b) and int(found[1]) == steps


@WALK
def test_every_sentence_about_a_descent_is_true(start: tuple[float, ...]) -> None:
    descents = walk(start)
    sentences = read_cliff(descents).sentences
    for descent, sentence in zip(descents, sentences, strict=True):
        assert true(descent, sentence), sentence


@WALK
def test_a_sentence_with_another_number_is_found_untrue(start: tuple[float, ...]) -> None:
    descents = walk(start)
    for descent, sentence in zip(descents, read_cliff(descents).sentences, strict=True):
        for found in re.finditer(NUMBER, sentence):
            told = found[1].replace(",", "")
            other = f"{int(told) + 1}" if told.isdigit() else f"{1.5 * float(told):g}"
            if len(told) > 3 and told.isdigit():
                other = f"{2 * int(told)}"
            other = re.sub(r"e([+-])0*", lambda sign: "e" + sign[1].strip("+"), other)
            changed = sentence[: found.start()] + other + sentence[found.end() :]
            assert not true(descent, changed), changed


@WALK
def test_the_words_of_one_descent_are_not_those_of_the_other(start: tuple[float, ...]) -> None:
    descents = walk(start)
    for descent, other in zip(descents, reversed(read_cliff(descents).sentences), strict=True):
        assert not true(descent, other), other


@WALK
def test_the_level_is_that_of_where_they_ended(start: tuple[float, ...]) -> None:
    descents = walk(start)
    places = [each.points[-1].tolist() for each in descents]
    gone = [not (4 <= w <= 5.6 and -3.2 <= b <= -1.7) for w, b in places]
    low = [error(w, b).real < 0.01 for (w, b), left in zip(places, gone, strict=True) if not left]
    expected = "error" if all(gone) else "warning" if any(gone) else "ok" if all(low) else "info"
    assert read_cliff(descents).level == expected


def test_every_kind_of_end_and_place_is_among_them() -> None:
    words = " ".join(
        each for start in STARTS.values() for each in read_cliff(walk(start)).sentences
    )
    for told in (
        "at the wall",
        "Never above",
        "where it is steepest",
        "lands at",
        "no finite",
        "the error is",
    ):
        assert told in words


def test_a_complex_step_is_a_difference_quotient() -> None:
    near_by = [(error(5.2 + h, -2.3).real, error(5.2, -2.3 + h).real) for h in (1e-6, -1e-6)]
    quotients = [(up - down) / 2e-6 for up, down in zip(*near_by, strict=True)]
    assert gradient(5.2, -2.3) == pytest.approx(quotients, rel=1e-7)
