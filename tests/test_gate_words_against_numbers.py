"""Words against numbers, of the scenarios with close-ups: gates, half-lives and both paths."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from judging import NUMBER, near

from gradviz.history import CloseUp, Frame, History
from gradviz.reading import read_gates
from gradviz.recorded import load
from gradviz.scenarios import SCENARIOS

GATED = [name for name, each in SCENARIOS.items() if each.closeup and each.config.cell != "rnn"]
PLAIN = [name for name, each in SCENARIOS.items() if each.closeup and each.config.cell == "rnn"]

OPEN = re.compile(
    rf"The (forget|update) gates of (l\d) are at {NUMBER} on average over this sequence; of all "
    rf"sequences' timesteps they are nearly shut \(below 0\.1\) at {NUMBER}% and nearly open "
    rf"\(above 0\.9\) at {NUMBER}%\."
)
HALVED = re.compile(
    rf"By these gates alone the middle unit's memory is halved after {NUMBER} timesteps?; "
    rf"(none|\d+) of {NUMBER} units keeps? half of it for longer than the {NUMBER} of the "
    r"sequence\."
)
PATHS = re.compile(
    rf"Over {NUMBER} timesteps? the (forget|update) gates alone let {NUMBER} through; the whole "
    rf"gradient(?: is about as large, {NUMBER}|, {NUMBER}, is {NUMBER} times (larger|smaller): it "
    r"also flows through the gates' own inputs)\."
)


def history_of(name: str) -> History:
    runs = load(name)
    assert runs is not None
    return runs[""]


def gate_of(closeup: CloseUp) -> np.ndarray:
    """(T, H) of the gate that multiplies the memory."""
    return closeup.gates["forget" if "forget" in closeup.gates else "update"].astype(np.float64)


def is_open(closeup: CloseUp, gate: str, layer: str, mean: str, shut: str, wide: str) -> bool:
    sides = 100 * closeup.saturation[gate].astype(np.float64).mean(axis=0)
    return (
        layer == closeup.layer
        and ("forget" in closeup.gates) == (gate == "forget")
        and near(mean, float(gate_of(closeup).mean()))
        and all(
            abs(float(each) - side) <= 0.501 for each, side in zip((shut, wide), sides, strict=True)
        )
    )


def is_halved(closeup: CloseUp, after: str, many: str, units: str, T: str) -> bool:
    """Of each unit: what stays after a lag is the gate's geometric mean to that power."""
    gate = gate_of(closeup)
    means = [
        math.prod(float(g) ** (1 / len(gate)) for g in gate[:, h]) for h in range(gate.shape[1])
    ]
    keeping = sum(mean ** len(gate) > 0.5 for mean in means)
    middle = sorted(means)[(len(means) - 1) // 2]
    low, high = (middle ** (float(after) * (1 + error)) for error in (0.006, -0.006))
    return (
        low <= 0.5 <= high
        and (0 if many == "none" else int(many)) == keeping
        and int(units) == gate.shape[1]
        and int(T) == len(gate)
    )


def are_paths(
    frame: Frame, lag: str, name: str, alone: str, like: str, whole: str, times: str, than: str
) -> bool:
    closeup = frame.closeup
    assert closeup
    gate = gate_of(closeup)
    product = np.ones(gate.shape[1])
    for t in range(1, len(gate)):
        product *= gate[t]
    if closeup.cell_transport_log10 is None:
        transport = frame.layers[closeup.layer].transport_log10
        assert transport is not None
        log10 = float(transport[0, closeup.sequence - 1])
    else:
        log10 = float(closeup.cell_transport_log10[0])
    alone_log10 = float(np.log10(product.max()))
    apart = log10 - alone_log10
    told = int(lag) == len(gate) - 1 and decades(alone, alone_log10) and name in closeup.gates
    if like:
        return told and decades(like, log10) and abs(apart) < 0.32
    return (
        told
        and decades(whole, log10)
        and decades(times, abs(apart))
        and (than == "larger") == (apart > 0)
    )


def decades(told: str, log10: float) -> bool:
    """To 0.03 decades: the gates were rounded, and each told number is."""
    return abs(math.log10(float(told)) - log10) <= 0.03


def true(frame: Frame, sentence: str) -> bool:
    closeup = frame.closeup
    assert closeup
    if found := OPEN.fullmatch(sentence):
        return is_open(closeup, *found.groups())
    if found := HALVED.fullmatch(sentence):
        return is_halved(closeup, *found.groups())
    found = PATHS.fullmatch(sentence)
    assert found, f"No judge for “{sentence}”: write one."
    return are_paths(frame, *found.groups())


@pytest.mark.parametrize("name", GATED)
def test_every_sentence_about_the_gates_is_true(name: str) -> None:
    history = history_of(name)
    for frame in history.frames:
        sentences = read_gates(history, frame.step).sentences
        assert len(sentences) == 3
        for sentence in sentences:
            assert true(frame, sentence), (frame.step, sentence)


@pytest.mark.parametrize("name", GATED)
def test_a_sentence_with_another_number_is_found_untrue(name: str) -> None:
    history = history_of(name)
    frame = history.frames[-1]
    for sentence in read_gates(history).sentences:
        for found in re.finditer(rf"(?<![\dl.]){NUMBER}", sentence):
            before = sentence[: found.start()]
            if before.endswith(("below ", "above ", " l")):
                continue
            other = f"{2.3 * float(found[1]) + 2:.0f}"
            changed = before + other + sentence[found.end() :]
            assert not true(frame, changed), changed


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_network_is_said_to_have_no_gates(name: str) -> None:
    assert read_gates(history_of(name)).sentences[0].startswith("A plain RNN has no gates")


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in GATED
        if SCENARIOS[name].config.cell == "lstm" and not SCENARIOS[name].config.forget_bias
    ],
)
def test_of_a_default_lstm_no_unit_is_said_to_keep_its_memory(name: str) -> None:
    """SCIENCE traps 2 and 3: at the first step it is halved within two timesteps."""
    history = history_of(name)
    words = " ".join(read_gates(history, 1).sentences)
    assert re.search(r"none of \d+ units keeps half of it", words)
    found = re.search(rf"halved after {NUMBER} timestep", words)
    assert found
    assert float(found[1]) < 2
    assert re.search("times larger: it also flows", words)
