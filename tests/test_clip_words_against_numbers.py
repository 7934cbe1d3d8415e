"""Words against numbers, of the scenarios that clip: failures, losses, shares, norms, angles."""

from __future__ import annotations

import re

import numpy as np
import pytest
from judging import NUMBER, near

from gradviz.history import History
from gradviz.reading import read_clipping
from gradviz.recorded import load
from gradviz.scenarios import on_page

Runs = dict[str, History]

CLIPPING = pytest.mark.parametrize("name", on_page("clipping"))

ENDED = re.compile(
    rf"(?:failed at step {NUMBER}: the (.*) became (infinite|NaN))?"
    rf"(?:has a loss of {NUMBER} \((?:{NUMBER}%|{NUMBER} times|(under 1%))(?: of)? its floor\))?"
    r"(has begun)?"
)
CLIPPED = re.compile(
    rf"clipped (?:(nothing)|(under 1|over 99|\d+)% of its steps, from norms of up to {NUMBER}, and "
    rf"(?:(kept their direction)|turned them by {NUMBER}° \(median; at most {NUMBER}°\)))"
)
LARGEST = re.compile(
    rf"The largest gradient norm before a clip was {NUMBER}, that of “(.*)” at step {NUMBER}\."
)


def runs_of(name: str) -> Runs:
    runs = load(name)
    assert runs is not None
    return runs


def words_of(runs: Runs, step: int | None) -> list[str]:
    return read_clipping({label: [each] for label, each in runs.items()}, step).sentences


def column(history: History, name: str, step: int | None) -> np.ndarray:
    steps = history.column("step")
    return history.column(name)[steps <= (step or np.inf)]


def has_ended(history: History, step: int | None, told: str) -> bool:
    found = ENDED.fullmatch(told)
    assert found, told
    at, tensor, became, loss, percent, times, under, begun = found.groups()
    losses = column(history, "loss", step)
    failure = history.failure
    if failure and failure.step > (step or np.inf):
        failure = None
    if at:
        last = losses[-1]
        value = np.isnan(last) if became == "NaN" else np.isinf(last)
        return bool(
            failure
            and failure.step == int(at) == len(losses)
            and (value if tensor == "loss" else failure.tensor == tensor)
        )
    if begun:
        return failure is None and len(losses) < 20
    mean = float(losses[-20:].mean())
    share = mean / (history.floor or np.nan)
    return bool(
        failure is None
        and len(losses) >= 20
        and near(loss, mean)
        and (not percent or abs(float(percent) / 100 - share) <= 0.00501)
        and (not times or near(times, share))
        and (not under or share < 0.005)
    )


def has_clipped(history: History, step: int | None, told: str) -> bool:
    found = CLIPPED.fullmatch(told)
    assert found, told
    nothing, percent, norm, kept, middle, most = found.groups()
    flags = column(history, "clipped", step) == 1
    norms, angles = column(history, "grad_norm_pre", step), column(history, "clip_angle", step)
    # What was clipped became smaller, and nothing else did.
    assert (flags == (column(history, "grad_norm_post", step) < 0.99999 * norms)).all()
    if nothing:
        return not flags.any()
    share = 100 * float(flags.mean())
    counted = {"under 1": 0 < share < 1, "over 99": 99 < share < 100}
    if not counted.get(percent, percent not in counted and abs(int(percent) - share) <= 0.501):
        return False
    if not near(norm, float(norms[flags].max())):
        return False
    if kept:
        return bool((angles[flags] == 0).all()) and history.config.clip == "norm"
    turned = angles[flags]
    return two_digits(middle, float(np.median(turned))) and two_digits(most, float(turned.max()))


def two_digits(told: str, measured: float) -> bool:
    digit = 10.0 ** (np.floor(np.log10(measured)) - 1)
    return bool(abs(float(told) - measured) <= 0.5001 * digit)


def is_largest(runs: Runs, step: int | None, norm: str, label: str, at: str) -> bool:
    everyone = {name: column(each, "grad_norm_pre", step) for name, each in runs.items()}
    top = max(np.nanmax(np.where(np.isinf(each), 0, each)) for each in everyone.values())
    when = int(at.replace(",", "")) - 1
    of_step = everyone[label][when : when + 1]
    return near(norm, float(top)) and bool((of_step == top).any())


def true(runs: Runs, step: int | None, sentence: str) -> bool:
    if found := LARGEST.fullmatch(sentence):
        return is_largest(runs, step, *found.groups())
    parts = re.findall("“(.*?)” (.*?)(?:; (?=“)|$)", sentence.removesuffix("."))
    if parts[0][1].startswith("clipped"):
        clipping = [label for label, each in runs.items() if each.config.clip != "none"]
        return [label for label, _ in parts] == clipping and all(
            has_clipped(runs[label], step, told) for label, told in parts
        )
    return [label for label, _ in parts] == list(runs) and all(
        has_ended(runs[label], step, told) for label, told in parts
    )


def steps_of(runs: Runs) -> list[int | None]:
    return [*sorted({frame.step for each in runs.values() for frame in each.frames}), None]


@CLIPPING
def test_every_clause_about_every_clip_is_true(name: str) -> None:
    runs = runs_of(name)
    for step in steps_of(runs):
        for sentence in words_of(runs, step):
            assert true(runs, step, sentence), (step, sentence)


@CLIPPING
def test_a_sentence_with_another_number_is_found_untrue(name: str) -> None:
    runs = runs_of(name)
    labels = "|".join(re.escape(f"“{label}”") for label in runs)
    for step in (200, None):
        for sentence in words_of(runs, step):
            names = [range(*found.span()) for found in re.finditer(labels, sentence)]
            for found in re.finditer(NUMBER, sentence):
                # “under 1%” and a label's own number are no measurements.
                inside = any(found.start() in span for span in names)
                if inside or sentence[: found.start()].endswith(("under ", "over ")):
                    continue
                value = float(found[1].replace(",", ""))
                other = f"{value + 3:g}" if value > 1 and value < 1e4 else f"{1.5 * value:.1e}"
                other = re.sub(r"e\+?(-?)0*(\d)", r"e\1\2", other)
                changed = sentence[: found.start()] + other + sentence[found.end() :]
                assert not true(runs, step, changed), changed


def test_what_the_issue_promises_is_what_was_recorded() -> None:
    """From one seed: without a clip no number is left, or nothing learned; with one it learns."""
    exploded, order = runs_of("explosion_kinds"), runs_of("clipping_kinds")
    assert exploded["no clip"].failure
    assert not any(each.failure for label, each in exploded.items() if label != "no clip")
    for label, history in order.items():
        learned = history.column("loss")[-20:].mean() < 0.1 * (history.floor or 0)
        assert learned == (label != "no clip")
