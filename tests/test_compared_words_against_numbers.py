"""Words against numbers, of the scenarios that compare: each clause, for each set-up."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from judging import NUMBER, is_power, near, reach

from gradviz.config import TASKS, RunConfig
from gradviz.history import History
from gradviz.reading import read_compare
from gradviz.recorded import load
from gradviz.scenarios import SCENARIOS

Runs = dict[str, History]

COMPARED = [name for name, each in SCENARIOS.items() if len(each.variants) > 1]
ARRIVING = "The gradient at the encoder's first timestep is, of that at the decoder's first, "
SEED = "One seed proves nothing; train more seeds."


def runs_of(name: str) -> Runs:
    runs = load(name)
    assert runs is not None
    return runs


def words_of(runs: Runs, step: int | None) -> list[str]:
    return read_compare({label: [each] for label, each in runs.items()}, step).sentences


def steps_of(runs: Runs) -> list[int | None]:
    """The frames of all, and the newest."""
    return [*sorted({frame.step for each in runs.values() for frame in each.frames}), None]


def of_set_ups(runs: Runs, told: str) -> dict[str, str]:
    """What is told of each set-up, taken apart by their labels."""
    labels = "|".join(re.escape(label) for label in sorted(runs, key=len, reverse=True))
    parts = re.split(rf"(?:^|; )({labels}) (?=solved|has|failed)", told)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def solved_at(history: History, upto: int) -> int | None:
    """Step by step, until twenty losses have a mean below a tenth of the floor."""
    losses: list[float] = []
    steps, values = history.column("step"), history.column("loss")
    for step, loss in zip(steps, values, strict=True):
        losses.append(loss)
        if step > upto:
            return None
        if len(losses) >= 20 and np.mean(losses[-20:]) < 0.1 * (history.floor or 0):
            return int(step)
    return None


def has_come_to(history: History, step: int | None, told: str) -> bool:
    """Whether the clauses about the task, the failure and the loss are true, and none is left out.

    The steps of a set-up are those of its own run: one that failed does not go on.
    """
    upto = min(step or history.last_step, history.last_step)
    losses = history.column("loss", upto=upto)[-20:]
    known = len(losses) == 20 and bool(np.isfinite(losses).all())
    failure = history.failure if history.failure and history.failure.step <= upto else None
    solved = solved_at(history, upto)
    if found := re.search(rf"^solved its task after {NUMBER} steps", told):
        task = solved == int(found[1].replace(",", ""))
    elif found := re.search(rf"^has (?:not solved its task in|done) {NUMBER} steps?", told):
        task = solved is None and int(found[1].replace(",", "")) == upto
        task &= not ("not solved" in told and failure is not None)
    else:
        task = solved is None and failure is not None
    found = re.search(r"failed at step (\d+)", told)
    ended = (int(found[1]) if found else None) == (failure.step if failure else None)
    found = re.search(rf", loss {NUMBER} \((.*) its floor\)$", told)
    if found is None:
        return task and ended and (solved is not None or not known or failure is not None)
    return (
        task
        and ended
        and known
        and near(found[1], float(losses.mean()))
        and share(found[2], float(losses.mean()) / (history.floor or math.nan))
    )


def share(told: str, measured: float) -> bool:
    if found := re.fullmatch(rf"{NUMBER}% of", told):
        return abs(float(found[1]) / 100 - measured) <= 0.0051
    found = re.fullmatch(rf"{NUMBER} times", told)
    return near(found[1], measured) if found else told == "under 1% of" and measured < 0.005


def reaches(runs: Runs, step: int | None, told: str) -> bool:
    """Each set-up's horizon."""
    found = re.split(r"; ", told.removeprefix("Gradients reach back ").removesuffix("."))
    return len(found) == len(runs) and all(
        _reaches(runs[label], step, words.removesuffix(f" in {label}"))
        for label, words in zip(runs, found, strict=True)
    )


def _reaches(history: History, step: int | None, told: str) -> bool:
    upto = step or history.last_step
    frame = [each for each in history.frames if each.step <= upto][-1]
    transport = list(frame.layers.values())[-1].transport_log10
    assert transport is not None
    lag, first = reach(transport.astype(np.float64))
    stop = f"{NUMBER} of {NUMBER} timesteps, where truncation stops them,"
    if found := re.fullmatch(stop, told):
        # The first timestep with a gradient, of a task that is answered at its end.
        log10 = list(frame.layers.values())[-1].hidden_grad_log10
        zeros = int(np.isneginf(log10).all(1).sum())
        window = len(transport) - zeros
        return zeros > 0 and int(found[1]) == window <= lag and int(found[2]) == len(transport) - 1
    if found := re.fullmatch(rf"{NUMBER} of {NUMBER} timesteps", told):
        return int(found[1]) == lag and int(found[2]) == len(transport) - 1
    found = re.fullmatch(rf"to the first input(?:, {NUMBER} times as large there,)?", told)
    grown = found and found[1]
    return bool(
        found
        and math.isinf(lag)
        and (grown is None or is_power(grown, first))
        and (grown is not None) == (first >= 2)
    )


def arrives(runs: Runs, step: int | None, told: str) -> bool:
    """Of each encoder–decoder: its encoder's first timestep against its decoder's."""
    found = told.removesuffix(".").split("; ")
    return len(found) == len(runs) and all(
        _arrives(runs[label], step, words.removesuffix(f" times in {label}"))
        for label, words in zip(runs, found, strict=True)
    )


def _arrives(history: History, step: int | None, told: str) -> bool:
    upto = step or history.last_step
    frame = [each for each in history.frames if each.step <= upto][-1]
    encoder, decoder = (each.hidden_grad_log10[0].astype(float) for each in frame.layers.values())
    probes = sorted((encoder - decoder).tolist())
    return is_power(told, probes[len(probes) // 2])


def true(runs: Runs, step: int | None, sentence: str) -> bool:
    if sentence == SEED:
        return True  # Each set-up of a recording has one seed.
    if sentence.startswith("Gradients reach back "):
        return reaches(runs, step, sentence)
    if sentence.startswith(ARRIVING):
        return arrives(runs, step, sentence.removeprefix(ARRIVING))
    told = of_set_ups(runs, sentence.removesuffix("."))
    return list(told) == list(runs) and all(
        has_come_to(runs[label], step, words) for label, words in told.items()
    )


@pytest.mark.parametrize("name", COMPARED)
def test_every_clause_about_every_set_up_is_true(name: str) -> None:
    runs = runs_of(name)
    for step in steps_of(runs):
        for sentence in words_of(runs, step):
            assert true(runs, step, sentence), (step, sentence)


@pytest.mark.parametrize("name", COMPARED)
def test_the_words_of_other_runs_are_found_untrue(name: str) -> None:
    """The same words, said of the set-ups in another order, or with another number."""
    runs = runs_of(name)
    turned = dict(zip(runs, reversed(runs.values()), strict=True))
    # Of the newest step: the first is the same with and without a clip.
    said = [each for each in words_of(turned, None) if each != SEED]
    assert not all(true(runs, None, each) for each in said)
    for sentence in words_of(runs, None):
        for found in re.finditer(rf"(?:after|in|loss|at step|back|;) {NUMBER}(?! in)", sentence):
            told = found[1].replace(",", "")
            other = (
                sentence[: found.start(1)] + f"{2 * float(told) + 1:g}" + sentence[found.end(1) :]
            )
            assert not true(runs, None, other), other


def test_no_default_lstm_is_said_to_reach_the_first_input_before_it_learned() -> None:
    """SCIENCE trap 2."""
    looked = 0
    for name in COMPARED:
        runs = runs_of(name)
        for label, history in runs.items():
            config = history.config
            assert isinstance(config, RunConfig)
            is_pair = TASKS[config.task].network == "encoder_decoder"
            treated = config.gate_bias != "default" or config.zoneout
            if config.cell == "lstm" and not (config.forget_bias or treated or is_pair):
                reached = next(each for each in words_of(runs, 1) if "reach back" in each)
                part = reached.removeprefix("Gradients reach back ").split("; ")[
                    list(runs).index(label)
                ]
                assert re.match(r"[1-9] of \d+ timesteps in ", part)
                looked += 1
    assert looked >= 2
