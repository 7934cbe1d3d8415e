"""Several runs as one URL and in short words."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from every import every
from hypothesis import given
from hypothesis import strategies as st
from test_config import configs

from gradviz.config import RunConfig, allowed
from gradviz.config.setups import MOST_SEEDS, differing, from_query, is_used, labels, to_query

LSTM = RunConfig(cell="lstm")


@given(st.lists(configs(), min_size=1, max_size=4), st.integers(1, MOST_SEEDS))
def test_round_trip_bit_for_bit(several: list[RunConfig], seeds: int) -> None:
    query = to_query(several, seeds)
    assert from_query(query) == (several, seeds, [])
    assert from_query("?" + urlencode(query, doseq=True)) == (several, seeds, [])


@given(configs(), st.sampled_from(["seed", "learning_rate", "forget_bias", "recurrent_gain"]))
def test_a_further_set_up_carries_only_what_differs(config: RunConfig, name: str) -> None:
    # A forget bias excludes the one, a learning rate of 1 a large one of the other.
    config = config.replace(gate_bias="default", weight_decay=None)
    other = config.replace(**{name: 1})
    (inner,) = to_query([config, other])["vs"]
    assert set(parse_qs(inner)) <= {name}


def test_in_the_form_of_the_issue() -> None:
    several = [RunConfig(seq_len=80), RunConfig(seq_len=80, cell="gru", clip="none")]
    query = to_query([*several, several[0]], 3)
    assert query == {"seq_len": ["80"], "vs": ["cell=gru&clip=none", ""], "seeds": ["3"]}
    assert urlencode(query, doseq=True) == "seq_len=80&vs=cell%3Dgru%26clip%3Dnone&vs=&seeds=3"


def test_a_setting_back_at_its_default_is_said() -> None:
    several = [RunConfig(cell="gru", forget_bias=2.0), RunConfig()]
    assert to_query(several)["vs"] == ["cell=rnn&forget_bias=None"]
    assert from_query(to_query(several))[0] == several


def test_no_parameter_has_the_name_of_a_setting() -> None:
    assert not {"vs", "seeds"} & set(RunConfig.model_fields)


def test_an_empty_url_is_one_default_set_up() -> None:
    assert from_query("") == ([RunConfig()], 1, [])


@pytest.mark.parametrize(("number", "seeds"), [(0, 1), (5, 1), (2, 0), (2, 11)])
def test_too_many_are_refused(number: int, seeds: int) -> None:
    with pytest.raises(ValueError, match="must be 1…"):
        to_query([RunConfig()] * number, seeds)


def test_one_name_of_data_for_tasks_of_two_kinds_survives_the_url() -> None:
    series = RunConfig(task="series", seq_len=2, data="0" * 16)
    several = [series, RunConfig(task="word_lm", seq_len=2, data="0" * 16)]
    assert from_query(to_query(several)) == (several, 1, [])


def test_a_task_brings_its_own_length() -> None:
    several, _, problems = from_query("seq_len=100&vs=task%3Ddigits_rows")
    assert (several[1].seq_len, problems) == (8, [])


@every(
    ("query", "sentence"),
    [
        ("vs=hidden_size%3D-1", "Set-up 2: hidden_size must be a whole number, 1…512, got “-1”."),
        ("vs=&vs=cell%3DLSTM", f"Set-up 3: cell must be {allowed('cell')}, got “LSTM”."),
        ("vs=vs%3Dcell", "Set-up 2: There is no setting named “vs”; it was ignored."),
        ("vs=seed%3D1%26seed%3D2", "Set-up 2: seed must be given once, got 2 values; the first"),
        ("vs=%26%3D%26", "Set-up 2: There is no setting named “”; it was ignored."),
        ("hidden_size=-1&vs=", "hidden_size must be a whole number, 1…512, got “-1”."),
        ("&".join(["vs="] * 8), "vs must be given at most 3 times, got 8; the first 3 are used."),
        ("seeds=0", "seeds must be a whole number, 1…10, got “0”. The default is used."),
        ("seeds=11", "seeds must be a whole number, 1…10, got “11”."),
        ("seeds=3.0", "seeds must be a whole number, 1…10, got “3.0”."),
        ("seeds=", "seeds must be a whole number, 1…10, got “”."),
        ("seeds=٣", "seeds must be a whole number, 1…10, got “٣”."),
        ("seeds=1_0", "seeds must be a whole number"),
        ("seeds=" + "9" * 10_000, "(10000 characters)"),
        ("seeds=2&seeds=3", "seeds must be given once, got 2 values; the default is used."),
    ],
)
def test_what_cannot_be_is_said(query: str, sentence: str) -> None:
    several, seeds, problems = from_query(query)
    assert several == [RunConfig()] * (1 + min(query.count("vs="), 3))
    assert seeds == 1
    assert len(problems) == 1
    assert sentence in problems[0]
    assert problems[0].isprintable()


def test_a_wrong_value_takes_the_first_ones() -> None:
    several, _, problems = from_query({"hidden_size": "64", "vs": "hidden_size=x&cell=gru"})
    assert several[1] == RunConfig(hidden_size=64, cell="gru")
    assert problems[0].endswith("The first set-up's is used.")


def test_beyond_the_work_budget() -> None:
    first = RunConfig(hidden_size=500, seq_len=1000, batch_size=4)
    several, _, problems = from_query({**to_query([first]), "vs": ["batch_size=8&cell=gru"]})
    assert several == [first, first.replace(cell="gru")]
    assert "work budget" in problems[0]


def test_a_task_whose_own_timesteps_pass_the_budget() -> None:
    first = RunConfig(hidden_size=500, seq_len=1000, batch_size=4)
    several, _, problems = from_query({**to_query([first]), "vs": ["task=copy_memory"]})
    assert several == [first, first]
    assert len(problems) == 1


NAMES = st.sampled_from([*RunConfig.model_fields, "vs", "seeds"]) | st.text(max_size=20)
INNER = st.dictionaries(NAMES, st.text(max_size=9), max_size=4).map(urlencode)


@given(st.dictionaries(NAMES, st.lists(INNER | st.text(max_size=30), max_size=6) | st.text()))
def test_no_query_ever_raises(query: dict[str, Any]) -> None:
    several, seeds, problems = from_query(query)
    assert from_query(to_query(several, seeds)) == (several, seeds, [])
    assert all(each.isprintable() and each.endswith(".") for each in problems)


@given(st.text(max_size=200))
def test_no_query_string_ever_raises(query: str) -> None:
    assert 1 <= len(from_query(query)[0]) <= 4


@every(
    ("several", "expected"),
    [
        ([RunConfig(), RunConfig(cell="gru")], ["RNN", "GRU"]),
        (
            [RunConfig(), LSTM, LSTM.replace(forget_bias=2.0)],
            ["RNN", "LSTM", "LSTM · forget bias 2"],
        ),
        ([LSTM, LSTM.replace(forget_bias=2.0)], ["the cell's own forget bias", "forget bias 2"]),
        ([RunConfig(clip="none"), RunConfig()], ["clip none", "clip by norm"]),
        (
            [RunConfig(), RunConfig(bidirectional=True), RunConfig(residual=True)],
            [
                "not bidirectional · not residual",
                "bidirectional · not residual",
                "not bidirectional · residual",
            ],
        ),
        (
            [RunConfig(clip="none"), RunConfig(), RunConfig(clip_threshold=0.1)],
            ["clip none", "clip by norm · threshold 1", "clip by norm · threshold 0.1"],
        ),
        (
            [
                RunConfig(recurrent_init="orthogonal", recurrent_gain=1.6),
                RunConfig(recurrent_gain=2.0),
            ],
            ["orthogonal W_hh · gain 1.6", "default W_hh"],
        ),
        ([RunConfig(seq_len=100), RunConfig(task="digits_rows")], None),
        ([RunConfig(seed=1), RunConfig(seed=2)], ["seed 1", "seed 2"]),
        ([LSTM, LSTM, LSTM], ["LSTM", "LSTM (2)", "LSTM (3)"]),
        ([RunConfig(forget_bias=1.0), RunConfig(forget_bias=2.0)], ["RNN", "RNN (2)"]),
        ([RunConfig(), RunConfig(optimizer="sgd", momentum=0.9)], ["Adam", "SGD · momentum 0.9"]),
        ([RunConfig(num_layers=2), RunConfig()], ["layers 2", "layers 1"]),
        (
            [
                RunConfig(),
                RunConfig(cell="gru", seq_len=9, hidden_size=8, batch_size=4, clip="none"),
            ],
            ["RNN", "GRU"],
        ),
        (
            [RunConfig(), RunConfig(clip="none"), LSTM.replace(seed=1, hidden_size=8, seq_len=9)],
            ["RNN · clip by norm", "RNN · clip none", "LSTM · clip by norm"],
        ),
    ],
)
def test_labels_say_what_differs(several: list[RunConfig], expected: list[str] | None) -> None:
    expected = expected or ["Adding problem · length 100", "Digits, row by row"]
    assert labels(several) == expected


@given(st.lists(configs(), min_size=1, max_size=4))
def test_labels_are_unique_and_not_empty(several: list[RunConfig]) -> None:
    words = labels(several)
    assert len(set(words)) == len(several)
    assert all(words)
    assert max(len(each.split(" · ")) for each in words) <= 3


def test_what_differs_and_what_it_changes() -> None:
    assert differing([RunConfig(seed=1), RunConfig(cell="gru", seed=2)]) == ["seed", "cell"]
    assert differing([LSTM]) == []
    assert not is_used(RunConfig(task="copy_memory"), "readout")
    assert not is_used(RunConfig(task="char_lm"), "bidirectional")
    assert not is_used(RunConfig(), "state")
    assert is_used(RunConfig(task="sunspots"), "state")
    assert not is_used(RunConfig(), "forget_bias")
    assert is_used(LSTM, "forget_bias")
    assert not is_used(LSTM, "activation")


def test_what_is_left_to_an_optimiser_is_not_said_to_be_a_cells() -> None:
    decays = [RunConfig(), RunConfig(weight_decay=0.1)]
    assert labels(decays) == ["the optimiser's own weight decay", "weight decay 0.1"]
    held = RunConfig(recurrent_constraint="spectral", omega=2.0)
    assert labels([RunConfig(), held])[1] == "recurrent weights spectral norm · Ω times 2"
