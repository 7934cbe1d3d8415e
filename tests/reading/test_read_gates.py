"""Every sentence on gates is true of the close-up it was made from."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fabricated import fabricate, gate_closeup, looked

from gradviz.config import RunConfig
from gradviz.history import CloseUp, CloseUpRequest, History
from gradviz.reading import read_gates
from gradviz.training import Trainer

LSTM = RunConfig(cell="lstm", hidden_size=6, seq_len=24)
GRU, RNN = LSTM.replace(cell="gru"), LSTM.replace(cell="rnn")


def paths(gate: float, whole: float) -> CloseUp:
    """An LSTM's close-up with these log10 at t = 1."""
    ends = [np.linspace(first, 0, 24) for first in (gate, whole)]
    return replace(gate_closeup(LSTM), forget_path_log10=ends[0], cell_transport_log10=ends[1])


def last(closeup: CloseUp) -> str:
    return read_gates(looked(LSTM, closeup)).sentences[-1]


@pytest.mark.parametrize("history", [History(LSTM), fabricate(LSTM, steps=2)])
def test_without_a_close_up(history: History) -> None:
    assert read_gates(history).sentences == ["No gates have been measured yet."]


def test_a_plain_rnn_has_none() -> None:
    assert "no gates" in read_gates(looked(RNN)).sentences[0]


def test_mean_and_saturation() -> None:
    closeup = gate_closeup(LSTM)
    closeup.gates["forget"][:] = np.linspace(0.5, 1, 24)[:, None]
    closeup.saturation["forget"][:] = [0.05, 0.2]
    assert read_gates(looked(LSTM, closeup)).sentences[0] == (
        "The forget gates of l0 are at 0.75 on average over this sequence; of all sequences' "
        "timesteps they are nearly shut (below 0.1) at 5% and nearly open (above 0.9) at 20%."
    )


def test_saturation_that_was_not_measured_is_not_spoken_of() -> None:
    bare = replace(gate_closeup(LSTM), saturation={})
    assert re.fullmatch(
        r"The forget gates of l0 are at 0\.\d+ on average over this sequence\.",
        read_gates(looked(LSTM, bare)).sentences[0],
    )


@pytest.mark.parametrize(
    ("lives", "said"),
    [
        ([1, 1, 1, 1, 1, 1], "halved after 1 timestep; none of 6 units keeps half"),
        ([2, 3, 4, 5, 6, 100], "halved after 4 timesteps; 1 of 6 units keeps half"),
        ([2, 50, 60, 70, 80, 90], "halved after 60 timesteps; 5 of 6 units keep half"),
        ([np.inf] * 6, "halved never; 6 of 6 units keep half"),
    ],
)
def test_half_life_of_the_middle_unit(lives: Any, said: str) -> None:
    closeup = gate_closeup(LSTM)
    closeup.gates["forget"][:] = 2.0 ** (-1 / np.array(lives, float))
    assert said in read_gates(looked(LSTM, closeup)).sentences[1]


def test_the_forget_gates_alone_are_not_the_gradient() -> None:
    assert last(paths(-12, -7.5)) == (
        "Over 23 timesteps the forget gates alone let 1e-12 through; the whole gradient, 3.2e-8, "
        "is 3.2e4 times larger: it also flows through the gates' own inputs."
    )
    assert "is 100 times smaller" in last(paths(-1, -3))
    assert "about as large, 0.0794." in last(paths(-1.2, -1.1))
    assert "let 1e-400 through" in last(paths(-400, -390))


@pytest.mark.parametrize(
    ("whole", "level"), [(-5, "warning"), (-1.9, "info"), (0, "info"), (3, "warning")]
)
def test_warns_of_a_gradient_that_vanishes_or_explodes(whole: float, level: str) -> None:
    assert read_gates(looked(LSTM, paths(-6, whole))).level == level


def test_a_whole_that_was_not_measured() -> None:
    assert last(paths(-3, np.nan)).endswith("through; the whole gradient was not measured.")
    assert len(read_gates(looked(LSTM, paths(np.nan, -3))).sentences) == 2


def test_a_gru_speaks_of_its_update_gates() -> None:
    closeup = gate_closeup(GRU)
    closeup.gates["update"][:] = 0.5
    # 0.9 each timestep is the transport of the fabricated layer.
    expected = 23 * np.log10(0.9 / 0.5)
    said = read_gates(looked(GRU, closeup)).sentences
    assert "The update gates of l0 are at 0.5 on average" in said[0]
    assert f"is {10**expected:.3g} times larger" in last_of(said, expected)


def last_of(sentences: list[str], decades: float) -> str:
    """The last sentence with its factor to three digits, as long numbers are said to two."""
    factor = re.search(r"is (\S+) times", sentences[-1])
    assert factor
    assert float(factor[1]) == pytest.approx(10**decades, rel=0.05)
    return sentences[-1].replace(factor[1], f"{10**decades:.3g}")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("forget_bias", [0.0, 1.0])
def test_a_default_lstm_is_never_said_to_keep_its_gradient(seed: int, forget_bias: float) -> None:
    """Trap 2, on LSTMs run by hand with PyTorch's default weights."""
    config = RunConfig(cell="lstm", hidden_size=16)
    closeup = gate_closeup(config, forget_bias=forget_bias, seed=seed)
    reading = read_gates(looked(config, closeup))
    text = " ".join(reading.sentences)
    assert closeup.cell_transport_log10 is not None
    assert closeup.cell_transport_log10[0] < -2
    assert reading.level == "warning"
    assert "none of 16 units keeps half" in text
    assert not re.search(r"(keeps?|preserves?|carr(y|ies)) (its|the) gradient", text)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_real_run_at_pytorchs_defaults(cell: str) -> None:
    """The numbers of the sentences, read back and compared with the instrument's own."""
    config = RunConfig(cell=cell, hidden_size=12, seq_len=40)
    trainer = Trainer(config)
    trainer.closeup = CloseUpRequest(sequence=2)
    history = History(config)
    record = trainer.train_step(measure="full")
    history.append(record)
    reading = read_gates(history)
    gate = record.layers["l0"].gates["forget" if cell == "lstm" else "update"][:, 1]
    alone = np.prod(gate[1:].astype(float), axis=0).max()
    said = re.search(r"let (\S+) through; the whole gradient, (\S+), is", reading.sentences[2])
    assert said
    assert float(said[1]) == pytest.approx(alone, rel=0.06)
    assert alone < float(said[2]) < 1e-2
    assert reading.level == "warning"
    assert f"are at {gate.mean():.3g} on average" in reading.sentences[0]


def test_gates_that_are_no_numbers() -> None:
    closeup = gate_closeup(LSTM)
    closeup.gates["forget"][3] = np.nan
    reading = read_gates(looked(LSTM, closeup))
    assert (reading.sentences, reading.level) == (
        ["The gates of this step are not all numbers."],
        "error",
    )


def test_speaks_of_the_step_asked_for() -> None:
    history = looked(LSTM, gate_closeup(LSTM), gate_closeup(LSTM, forget_bias=4))
    assert read_gates(history, 1) != read_gates(history, 2) == read_gates(history)
